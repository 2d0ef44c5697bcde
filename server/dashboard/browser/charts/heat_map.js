/* Topics by the parts of mastery: each cell a share. */

import { axis, tooltip } from '../drawing.js';
import { percent } from '../words.js';

/* What each column reads, in the order in which it is best read. */
const PARTS = [
  ['Score', 'score'],
  ['First try', 'firstAttemptAccuracy'],
  ['All tries', 'overallAccuracy'],
  ['Recall', 'retrievalStrength'],
  ['Known', 'pKnown'],
  ['Material', 'materialCompletion'],
];
const MASTERED = 0.8;
const ROW = 30; // pixels
const HEAD = 64;

export const heatMap = {
  name: 'mastery',
  title: 'What you have mastered',
  about:
    'One row a topic. The score sums up how often you are right at the first and at all tries, how much you would ' +
    'recall now and how much material is done; from 80 % on a topic counts as mastered. Stronger colour is better.',

  read: data => {
    const topics = data.learner.mastery.edges.map(({ node }) => node);
    return topics.length ? { topics } : { unavailable: NOTHING };
  },

  drawable: () => true,
  height: ({ topics }) => HEAD + ROW * topics.length,

  said: ({ topics }) => {
    const mastered = topics.filter(({ score }) => score >= MASTERED).length;
    const weakest = topics.reduce((least, topic) => (topic.score < least.score ? topic : least));
    return `${mastered} of ${topics.length} topics are mastered; the weakest is “${weakest.topic.name}” at ${percent(weakest.score)}.`;
  },

  table: ({ topics }) => ({
    caption: 'Parts of mastery, by topic',
    columns: ['Topic', ...PARTS.map(([name]) => name)],
    rows: topics.map(topic => [topic.topic.name, ...PARTS.map(([, part]) => shown(topic, part))]),
  }),

  option: ({ topics }, colours, narrow) => ({
    grid: { left: narrow ? 118 : 200, right: 8, top: 36, bottom: 8 },
    tooltip: tooltip(colours, 'item', ({ data }) => [
      topics[data.value[1]].topic.name,
      [PARTS[data.value[0]][0], shown(topics[data.value[1]], PARTS[data.value[0]][1])],
    ]),
    xAxis: axis(colours, {
      type: 'category',
      position: 'top',
      data: PARTS.map(([name]) => name),
      splitLine: { show: false },
      axisLabel: { interval: 0, hideOverlap: false, rotate: narrow ? 30 : 0, fontSize: narrow ? 10 : 12 },
    }),
    yAxis: axis(colours, {
      type: 'category',
      inverse: true,
      data: topics.map(({ topic }) => topic.name),
      splitLine: { show: false },
      axisLabel: {
        interval: 0,
        color: colours.ink,
        width: narrow ? 108 : 190,
        overflow: 'truncate',
        fontSize: narrow ? 10.5 : 12,
      },
    }),
    visualMap: { show: false, min: 0, max: 1, dimension: 2, inRange: { color: [colours.low, colours.high] } },
    series: [
      {
        type: 'heatmap',
        itemStyle: { borderColor: colours.card, borderWidth: 2, borderRadius: 5 },
        emphasis: { itemStyle: { borderColor: colours.ink, borderWidth: 1.5 } },
        label: { show: true, fontSize: narrow ? 9.5 : 11.5 },
        data: topics.flatMap((topic, row) =>
          PARTS.flatMap(([, part], column) =>
            known(topic, part)
              ? [
                  {
                    value: [column, row, topic[part]],
                    label: {
                      color: topic[part] > colours.strong ? colours.highInk : colours.lowInk,
                      fontWeight: part === 'score' ? 700 : 400,
                      formatter: `${Math.round(100 * topic[part])}`,
                    },
                  },
                ]
              : [],
          ),
        ),
      },
    ],
  }),
};

const NOTHING = { reason: 'NO_DATA', message: 'No topic has been studied yet.' };

/* A part that does not exist is no nought: without answers there is nothing to be right in or to recall. */
function known(topic, part) {
  return topic[part] !== null && (topic.questionsAttempted > 0 || ['score', 'pKnown', 'materialCompletion'].includes(part));
}

function shown(topic, part) {
  return known(topic, part) ? percent(topic[part]) : 'none yet';
}
