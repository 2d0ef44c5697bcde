/* The four metrics on four axes: the learner's own scores, and the peers' means. */

import { legend, tooltip } from '../drawing.js';
import { fine, listed, named, whole } from '../words.js';

const METRICS = ['COMPREHENSION', 'REASONING', 'CALIBRATION', 'MASTERY'];
/* Fewer axes span no area. */
const FEWEST_AXES = 3;

export const radar = {
  name: 'profile',
  title: 'Your four metrics',
  about:
    'How well you explain, how soundly you reason, how well you judge yourself, and how much is verified as mastered. ' +
    'Further out is better; the blue shape is the average of your peers.',

  read: data => {
    const axes = data.learner.peerProfile.map((answer, index) => ({ name: named(METRICS[index]), answer }));
    const known = axes.filter(({ answer }) => !answer.reason).map(({ name, answer }) => ({ name, ...answer }));
    const missing = axes
      .filter(({ answer }) => answer.reason)
      .map(({ name, answer }) => ({ name, unavailable: answer }));
    return known.length ? { known, missing } : { unavailable: missing[0].unavailable };
  },

  missing: ({ missing }) => missing,
  drawable: ({ known }) => known.length >= FEWEST_AXES,
  height: () => 330,

  said: ({ known }) => {
    const better = known.filter(({ score, distribution }) => score > distribution.mean).map(({ name }) => name.toLowerCase());
    return better.length
      ? `You are above the average of your peers in ${listed(better)}.`
      : 'You are not above the average of your peers in any of them yet.';
  },

  table: ({ known }) => ({
    caption: 'Scores from 0 to 100, in one objective',
    columns: ['Metric', 'You', 'Mean of peers', 'Peers at or below you'],
    rows: known.map(({ name, score, distribution, percentileRank }) => [
      name,
      fine(score),
      fine(distribution.mean),
      `${whole(percentileRank)} %`,
    ]),
  }),

  option: ({ known }, colours, narrow) => ({
    legend: legend(colours, { data: ['You', 'Peers, on average'] }),
    tooltip: tooltip(colours, 'item', ({ name, value }) => [
      name,
      ...known.map((metric, index) => [metric.name, fine(value[index])]),
    ]),
    radar: {
      center: ['50%', '47%'],
      radius: narrow ? '46%' : '74%',
      splitNumber: 4,
      indicator: known.map(({ name }) => ({ name, min: 0, max: 100 })),
      axisName: { color: colours.ink },
      axisLine: { lineStyle: { color: colours.grid } },
      splitLine: { lineStyle: { color: colours.grid } },
      splitArea: { show: false },
    },
    series: [
      {
        type: 'radar',
        symbolSize: 6,
        data: [
          {
            name: 'Peers, on average',
            value: known.map(({ distribution }) => distribution.mean),
            itemStyle: { color: colours.crowd },
            lineStyle: { width: 2, type: 'dashed' },
            areaStyle: { color: colours.crowdMiddle, opacity: 0.45 },
          },
          {
            name: 'You',
            value: known.map(({ score }) => score),
            itemStyle: { color: colours.own },
            lineStyle: { width: 2.5 },
            areaStyle: { color: colours.ownFaint, opacity: 0.45 },
          },
        ],
      },
    ],
  }),
};
