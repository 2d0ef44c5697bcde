/* A series of an industry: a fan of percentiles around the median. */

import { axis, legend, tooltip } from '../drawing.js';
import { inUnit, month, whole } from '../words.js';

const INVENTED = 'These companies are invented: computed by a model, for trying out.';
const PERCENTILES = [
  ['90th percentile', 'p90'],
  ['75th percentile', 'p75'],
  ['Median', 'p50'],
  ['25th percentile', 'p25'],
  ['10th percentile', 'p10'],
];

export const fan = {
  name: 'series',
  title: 'An industry over the last year',
  about:
    'The line is the median company. Half of the companies lie in the inner band, four fifths in the whole fan.',

  read: data => {
    const [series] = data.benchmarkSeries;
    return series.unavailable ? { unavailable: series.unavailable } : series;
  },

  drawable: () => true,
  height: () => 340,

  said: ({ metric, points }) => {
    const last = points.at(-1);
    const text = inUnit(metric.unit);
    return (
      `${metric.label}: ${text(last.p50)} in ${month(last.period)}, half of the companies between ${text(last.p25)} and ` +
      `${text(last.p75)}; ${metric.higherIsBetter ? 'higher' : 'lower'} is better. ${INVENTED}`
    );
  },

  table: ({ metric, points }) => ({
    caption: `${metric.label}, ${metric.unit}`,
    columns: ['Month', ...PERCENTILES.map(([name]) => name).toReversed(), 'Companies'],
    rows: points.map(point => [
      month(point.period),
      ...PERCENTILES.map(([, percentile]) => inUnit(metric.unit)(point[percentile])).toReversed(),
      whole(point.sampleSize),
    ]),
  }),

  option: ({ metric, points }, colours, narrow) => {
    const text = inUnit(metric.unit);
    const band = (name, from, to, colour) => ({
      type: 'line',
      name,
      stack: 'fan',
      stackStrategy: 'all',
      symbol: 'none',
      silent: true,
      lineStyle: { width: 0 },
      itemStyle: { color: colour },
      areaStyle: { color: colour, opacity: 1 },
      data: points.map(point => point[to] - (from === null ? 0 : point[from])),
    });
    return {
      grid: { left: narrow ? 58 : 72, right: 18, top: 16, bottom: 62 },
      legend: legend(colours, { data: ['Median', 'Middle half', 'All but the outer tenths'] }),
      tooltip: tooltip(colours, 'axis', pointed => {
        const point = points[pointed[0].dataIndex];
        return [month(point.period), ...PERCENTILES.map(([name, percentile]) => [name, text(point[percentile])])];
      }),
      xAxis: axis(colours, { type: 'category', boundaryGap: false, data: points.map(({ period }) => month(period)) }),
      yAxis: axis(colours, { type: 'value', scale: true, splitNumber: narrow ? 4 : 5, axisLabel: { formatter: text } }),
      series: [
        { ...band('', null, 'p10', 'transparent'), areaStyle: { opacity: 0 } },
        band('All but the outer tenths', 'p10', 'p25', colours.crowdWide),
        band('Middle half', 'p25', 'p75', colours.crowdMiddle),
        band('All but the outer tenths', 'p75', 'p90', colours.crowdWide),
        {
          type: 'line',
          name: 'Median',
          data: points.map(point => point.p50),
          symbol: 'circle',
          symbolSize: 6,
          itemStyle: { color: colours.crowd },
          lineStyle: { width: 2.5, color: colours.crowd },
        },
      ],
    };
  },
};
