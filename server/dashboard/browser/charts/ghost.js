/* The own figures as bars in percent of the ghost's, whose line stands at 100. */

import { axis, tooltip } from '../drawing.js';
import { fine, named, whole } from '../words.js';

/* The ghost's metric, and the learner's own figure of the same. */
const METRICS = [
  ['TASKS_COMPLETED', 'tasksCompleted'],
  ['TASKS_THIS_WEEK', 'tasksThisWeek'],
  ['PRACTICE_MINUTES', 'practiceMinutes'],
  ['CURRENT_STREAK', 'currentStreak'],
];
/* Of the ghost's figure. Further out a bar only says that it is far out. */
const WIDEST = 200;

export const ghost = {
  name: 'ghost',
  title: 'You and your ghost',
  about:
    'The ghost line is where the most active learners who reached your goal stood on the same day of their journey. ' +
    'Bars that pass it are ahead; the diamond is the average of your cohort.',

  read: data => {
    const { messages, activity, successBenchmark, cohortComparison } = data.learner.ghost;
    if (successBenchmark.reason) {
      return { unavailable: successBenchmark };
    }
    const ghosts = byMetric(successBenchmark.values);
    const averages = byMetric(cohortComparison.snapshot?.averages ?? []);
    const rows = METRICS.filter(([metric]) => ghosts.has(metric)).map(([metric, own]) => ({
      name: named(metric),
      own: activity[own],
      ghost: ghosts.get(metric),
      cohort: averages.get(metric) ?? null,
    }));
    const missing = cohortComparison.reason ? [{ name: 'Your cohort', unavailable: cohortComparison }] : [];
    return { rows, missing, benchmark: successBenchmark, message: messages[0]?.text ?? null };
  },

  missing: ({ missing }) => missing,
  drawable: ({ rows }) => rows.some(row => row.ghost > 0),
  height: ({ rows }) => 92 + 54 * rows.length,

  said: ({ rows, benchmark, message }) => {
    const ahead = rows.filter(row => row.own >= row.ghost).length;
    const place = `On day ${benchmark.dayNumber} you have reached the ghost in ${ahead} of ${rows.length} figures.`;
    return message === null ? place : `${message} ${place}`;
  },

  table: ({ rows, benchmark }) => ({
    caption:
      `Day ${benchmark.dayNumber}; the ghost is the mean of the top ${benchmark.successPercentile} % of ` +
      `${whole(benchmark.sampleSize)} learners who reached ${benchmark.targetBand.toFixed(1)} or better`,
    columns: ['Figure', 'You', 'Ghost', 'Cohort, on average'],
    rows: rows.map(({ name, own, ghost, cohort }) => [name, whole(own), fine(ghost), cohort === null ? 'withheld' : fine(cohort)]),
  }),

  option: ({ rows }, colours, narrow) => {
    const most = Math.max(120, ...rows.map(row => share(row.own, row.ghost)), ...rows.map(row => share(row.cohort, row.ghost)));
    return {
      grid: { left: narrow ? 108 : 130, right: 24, top: 34, bottom: 30 },
      tooltip: tooltip(colours, 'item', ({ dataIndex }) => {
        const { name, own, ghost, cohort } = rows[dataIndex];
        return [name, ['You', whole(own)], ['Ghost', fine(ghost)], ...(cohort === null ? [] : [['Cohort', fine(cohort)]])];
      }),
      xAxis: axis(colours, {
        type: 'value',
        min: 0,
        max: Math.ceil(most / 20) * 20,
        splitNumber: narrow ? 3 : 5,
        axisLabel: { formatter: value => `${value} %` },
      }),
      yAxis: axis(colours, {
        type: 'category',
        inverse: true,
        data: rows.map(({ name }) => name),
        splitLine: { show: false },
        axisLabel: {
          interval: 0,
          formatter: (name, index) => `{name|${name}}\n{figures|${whole(rows[index].own)} of ${fine(rows[index].ghost)}}`,
          rich: {
            name: { color: colours.ink, align: 'right', lineHeight: 18, fontSize: narrow ? 11 : 12 },
            figures: { color: colours.faint, align: 'right', fontSize: narrow ? 10 : 11 },
          },
        },
      }),
      series: [
        {
          type: 'bar',
          barWidth: 22,
          data: rows.map(row => ({
            value: share(row.own, row.ghost),
            itemStyle: { color: row.own >= row.ghost ? colours.own : colours.ownFaint, borderRadius: [0, 5, 5, 0] },
          })),
          markLine: {
            symbol: 'none',
            silent: true,
            animation: false,
            lineStyle: { color: colours.ink, width: 2, type: [6, 4] },
            label: { color: colours.ink, fontWeight: 600, position: 'start', formatter: 'Ghost' },
            data: [{ xAxis: 100 }],
          },
        },
        {
          type: 'scatter',
          symbol: 'diamond',
          symbolSize: 13,
          itemStyle: { color: colours.crowd, borderColor: colours.card, borderWidth: 1.5 },
          data: rows.map((row, index) => (row.cohort === null ? null : [share(row.cohort, row.ghost), index])),
        },
      ],
    };
  },
};

const byMetric = values => new Map(values.map(({ metric, value }) => [metric, value]));

/* In percent of the ghost's; against nothing, anything is all there is. */
function share(value, ghost) {
  if (value === null) {
    return 0;
  }
  return Math.min(WIDEST, ghost > 0 ? (100 * value) / ghost : value > 0 ? WIDEST : 100);
}
