/* What will be remembered on each of the coming days if nothing is reviewed. */

import { axis, legend, tooltip } from '../drawing.js';
import { listed, percent } from '../words.js';

/* More lines cannot be told apart. The table has all. */
const MOST_LINES = 5;
const STROKES = ['solid', [8, 4], [2, 3], [10, 3, 2, 3], [5, 5]];

export const forgetting = {
  name: 'forgetting',
  title: 'What you will forget',
  about:
    'How likely you are to recall each topic over the next 30 days if you review nothing. A line that falls early is ' +
    'worth a review first.',

  read: data => {
    const topics = data.learner.mastery.edges.map(({ node }) => node).filter(topic => topic.questionsAttempted > 0);
    if (!topics.length) {
      return { unavailable: { reason: 'NO_DATA', message: 'No question has been answered yet, so there is nothing to forget.' } };
    }
    const lines = topics.map(({ topic, dueQuestions, retrievalStrength, forgettingCurve }) => ({
      name: topic.name,
      due: dueQuestions,
      recall: [retrievalStrength, ...forgettingCurve],
    }));
    return { lines: lines.toSorted((one, other) => one.recall.at(-1) - other.recall.at(-1)) };
  },

  drawable: () => true,
  height: () => 380,

  said: ({ lines }) => {
    const [first] = lines;
    const due = lines.filter(line => line.due > 0).length;
    return (
      `“${first.name}” falls furthest: from ${percent(first.recall[0])} today to ${percent(first.recall.at(-1))} in ` +
      `${first.recall.length - 1} days. ${due ? `${due} topics have questions due now.` : 'Nothing is due now.'}` +
      `${lines.length > MOST_LINES ? ` Drawn: ${listed(drawnOf(lines).map(({ name }) => name))}.` : ''}`
    );
  },

  table: ({ lines }) => ({
    caption: 'Probability of recall without a review',
    columns: ['Topic', 'Today', 'In 7 days', 'In 14 days', 'In 30 days', 'Due now'],
    rows: lines.map(({ name, recall, due }) => [name, ...[0, 7, 14, 30].map(days => percent(recall[days])), String(due)]),
  }),

  option: ({ lines }, colours, narrow) => ({
    color: colours.topics,
    grid: { left: 48, right: 16, top: 12, bottom: narrow ? 168 : 124 },
    legend: legend(colours, { icon: undefined, itemWidth: 26, orient: narrow ? 'vertical' : 'horizontal', itemGap: narrow ? 6 : 14 }),
    tooltip: tooltip(colours, 'axis', pointed => [
      pointed[0].axisValue === '0' ? 'Today' : `In ${pointed[0].axisValue} days`,
      ...pointed.map(({ seriesName, value }) => [seriesName, percent(value)]),
    ]),
    xAxis: axis(colours, {
      type: 'category',
      boundaryGap: false,
      data: lines[0].recall.map((_, days) => String(days)),
      name: 'days from now',
      nameLocation: 'middle',
      nameGap: 26,
      axisLabel: { interval: 4 },
    }),
    yAxis: axis(colours, { type: 'value', min: 0, max: 1, axisLabel: { formatter: share => percent(share) } }),
    series: drawnOf(lines).map(({ name, recall }, index) => ({
      type: 'line',
      name,
      data: recall,
      symbol: 'none',
      lineStyle: { width: 2.5, type: STROKES[index] },
      emphasis: { focus: 'series' },
    })),
  }),
};

const drawnOf = lines => lines.slice(0, MOST_LINES);
