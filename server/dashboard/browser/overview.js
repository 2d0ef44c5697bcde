/* The head of the page: whose charts these are, and a few figures at a glance. */

import { element } from './dom.js';
import { percent, whole } from './words.js';

export function overview({ displayName, dayInJourney, learningPatterns, learningMetrics }) {
  return [
    element('h2', { class: 'who' }, displayName ?? 'Learner'),
    element(
      'dl',
      { class: 'tiles' },
      tile('Day in the journey', whole(dayInJourney)),
      tile('Days in a row', whole(learningPatterns.currentStreak)),
      ...(learningMetrics === null
        ? []
        : [
            tile('Hours in 30 days', whole(learningMetrics.studyMinutes30d / 60)),
            tile('Right in 30 days', learningMetrics.accuracy30d === null ? 'none yet' : percent(learningMetrics.accuracy30d)),
            tile('Topics mastered', whole(learningMetrics.topicsMastered)),
          ]),
    ),
  ];
}

const tile = (name, value) => element('div', {}, element('dt', {}, name), element('dd', {}, value));
