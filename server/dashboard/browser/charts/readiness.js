/* The probability of passing an exam today, with its interval around it. */

import { listed, percent, whole } from '../words.js';

/* Of the dial, in degrees. */
const FROM = 210;
const TO = -30;
const MOST_SECTIONS = 3;

export const readiness = {
  name: 'readiness',
  title: 'Are you ready for the exam?',
  about:
    'How likely you would be to pass today, by a model of what became of others who studied as you do. The blue arc ' +
    'is how sure the model is: 95 times in 100 the probability lies in it.',

  read: data => {
    const { examReadiness } = data.learner;
    return examReadiness.reason ? { unavailable: examReadiness } : examReadiness;
  },

  drawable: () => true,
  height: () => 290,

  said: ({ passProbability, passProbabilityLow, passProbabilityHigh, topicCoverage, weakSections }) =>
    `${percent(passProbability)}, between ${percent(passProbabilityLow)} and ${percent(passProbabilityHigh)}. You have ` +
    `studied topics that carry ${percent(topicCoverage)} of the exam` +
    `${weakSections.length ? `; weakest: ${listed(weakSections.slice(0, MOST_SECTIONS).map(({ topic }) => topic.name))}` : ''}.`,

  table: ({ passProbability, passProbabilityLow, passProbabilityHigh, predictedScore, topicCoverage, weakSections }) => ({
    caption: 'An exam today',
    columns: ['Figure', 'Value'],
    rows: [
      ['Probability of passing', percent(passProbability)],
      ['Lower end of its 95 % interval', percent(passProbabilityLow)],
      ['Upper end of its 95 % interval', percent(passProbabilityHigh)],
      ['Predicted score', whole(predictedScore)],
      ['Share of the exam that was studied', percent(topicCoverage)],
      ...weakSections.map(({ topic, readiness: ready }) => [`Readiness in ${topic.name}`, `${whole(ready)} of 100`]),
    ],
  }),

  option: ({ passProbability, passProbabilityLow, passProbabilityHigh }, colours, narrow) => {
    const dial = {
      type: 'gauge',
      startAngle: FROM,
      endAngle: TO,
      min: 0,
      max: 1,
      center: ['50%', '58%'],
      splitLine: { show: false },
      axisTick: { show: false },
      axisLabel: { show: false },
      pointer: { show: false },
      title: { show: false },
      detail: { show: false },
    };
    return {
      series: [
        {
          ...dial,
          radius: '108%',
          silent: true,
          axisLine: {
            lineStyle: {
              width: 7,
              color: [
                [passProbabilityLow, 'transparent'],
                [passProbabilityHigh, colours.crowd],
                [1, 'transparent'],
              ],
            },
          },
        },
        {
          ...dial,
          radius: '98%',
          silent: true,
          axisLine: { roundCap: true, lineStyle: { width: 20, color: [[1, colours.grid]] } },
          progress: { show: true, roundCap: true, width: 20, itemStyle: { color: colours.own } },
          axisLabel: {
            show: true,
            distance: 28,
            color: colours.faint,
            fontSize: narrow ? 10 : 11,
            formatter: value => ([0, 0.5, 1].includes(value) ? percent(value) : ''),
          },
          detail: {
            show: true,
            offsetCenter: [0, '-10%'],
            color: colours.ink,
            fontSize: 38,
            fontWeight: 700,
            formatter: value => percent(value),
          },
          title: { show: true, offsetCenter: [0, '16%'], color: colours.faint, fontSize: 13 },
          data: [{ value: passProbability, name: 'to pass today' }],
        },
      ],
    };
  },
};
