/* Peers' scores as a box plot above the bars of their release, with a line at the own score. */

import { axis, tooltip } from '../drawing.js';
import { day, fine, percent, whole } from '../words.js';

const BOX = 0;
const BARS = 1;

export const boxPlot = {
  name: 'peers',
  title: 'Your score among your peers',
  about:
    'The box holds the middle half of your peers, the line inside it is their median, and the bars show how their ' +
    'scores spread. The orange line is you.',

  read: data => {
    const { peerStanding } = data.learner;
    return peerStanding.reason ? { unavailable: peerStanding } : peerStanding;
  },

  drawable: () => true,
  height: () => 310,

  said: ({ score, percentileRank, rankMargin, distribution }) =>
    `Your score is ${fine(score)}: ${whole(percentileRank)} % of ${whole(distribution.sampleSize)} peers are at or ` +
    `below it${rankMargin ? `, give or take ${fine(rankMargin)}` : ''}. The middle half lies between ` +
    `${fine(distribution.q1)} and ${fine(distribution.q3)}, the median is ${fine(distribution.median)}.`,

  table: ({ score, percentileRank, distribution: peers }) => ({
    caption: `Scores from 0 to 100; peers as released on ${day(peers.calculatedAt)}`,
    columns: ['Figure', 'Value'],
    rows: [
      ['Your score', fine(score)],
      ['Peers at or below it', `${whole(percentileRank)} %`],
      ['Lower whisker', fine(peers.whiskerLow)],
      ['First quartile', fine(peers.q1)],
      ['Median', fine(peers.median)],
      ['Third quartile', fine(peers.q3)],
      ['Upper whisker', fine(peers.whiskerHigh)],
      ['Mean', fine(peers.mean)],
      ...peers.histogram.map(bar => [`Peers from ${fine(bar.from)} to ${fine(bar.to)}`, percent(bar.share)]),
    ],
  }),

  option: ({ score, distribution: peers }, colours, narrow) => {
    const own = {
      symbol: 'none',
      silent: true,
      animation: false,
      lineStyle: { color: colours.own, width: 2.5, type: 'solid' },
      data: [{ xAxis: score }],
    };
    const scale = { type: 'value', min: 0, max: 100, interval: narrow ? 25 : 10 };
    const sides = { left: 44, right: 16 };
    return {
      grid: [
        { ...sides, top: 28, height: 84 },
        { ...sides, top: 120, bottom: 28 },
      ],
      xAxis: [
        axis(colours, { ...scale, gridIndex: BOX, axisLabel: { show: false } }),
        axis(colours, { ...scale, gridIndex: BARS, splitLine: { show: false } }),
      ],
      yAxis: [
        axis(colours, { type: 'category', gridIndex: BOX, data: ['Peers'], splitLine: { show: false }, axisLabel: { show: false } }),
        axis(colours, { type: 'value', gridIndex: BARS, splitNumber: 3, axisLabel: { formatter: share => percent(share) } }),
      ],
      tooltip: tooltip(colours, 'item', ({ seriesIndex, dataIndex }) => {
        if (seriesIndex === BARS) {
          const bar = peers.histogram[dataIndex];
          return [`${fine(bar.from)} to ${fine(bar.to)}`, ['Peers', percent(bar.share)]];
        }
        return [
          'Your peers',
          ['Upper whisker', fine(peers.whiskerHigh)],
          ['Third quartile', fine(peers.q3)],
          ['Median', fine(peers.median)],
          ['First quartile', fine(peers.q1)],
          ['Lower whisker', fine(peers.whiskerLow)],
          ['Mean', fine(peers.mean)],
        ];
      }),
      series: [
        {
          type: 'boxplot',
          xAxisIndex: BOX,
          yAxisIndex: BOX,
          boxWidth: [40, 40],
          itemStyle: { color: colours.crowdMiddle, borderColor: colours.crowd, borderWidth: 2 },
          emphasis: { itemStyle: { borderWidth: 2.5 } },
          data: [[peers.whiskerLow, peers.q1, peers.median, peers.q3, peers.whiskerHigh]],
          markLine: {
            ...own,
            label: {
              color: colours.own,
              fontWeight: 600,
              // Near an end of the scale the words would leave the picture.
              align: score > 85 ? 'right' : score < 15 ? 'left' : 'center',
              formatter: `You: ${fine(score)}`,
            },
          },
        },
        {
          type: 'custom',
          xAxisIndex: BARS,
          yAxisIndex: BARS,
          encode: { x: [0, 1], y: 2 },
          itemStyle: { color: colours.crowdWide },
          data: peers.histogram.map(bar => [bar.from, bar.to, bar.share]),
          renderItem: (parameters, api) => {
            const [left, top] = api.coord([api.value(0), api.value(2)]);
            const [right, bottom] = api.coord([api.value(1), 0]);
            return {
              type: 'rect',
              shape: { x: left + 1, y: top, width: Math.max(right - left - 2, 1), height: bottom - top, r: [3, 3, 0, 0] },
              style: { fill: colours.crowdWide, stroke: colours.crowd, lineWidth: 0.8 },
            };
          },
          markLine: { ...own, label: { show: false } },
        },
        {
          type: 'scatter',
          xAxisIndex: BOX,
          yAxisIndex: BOX,
          symbol: 'diamond',
          symbolSize: 11,
          itemStyle: { color: colours.crowd },
          data: [[peers.mean, 0]],
        },
      ],
    };
  },
};
