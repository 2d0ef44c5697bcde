/* All charts about one learner, and the choices that some of them share. */

import { Card } from './card.js';
import { boxPlot } from './charts/box_plot.js';
import { fan } from './charts/fan.js';
import { forgetting } from './charts/forgetting.js';
import { ghost } from './charts/ghost.js';
import { heatMap } from './charts/heat_map.js';
import { radar } from './charts/radar.js';
import { readiness } from './charts/readiness.js';
import { offer, select } from './controls.js';
import { element } from './dom.js';
import { overview } from './overview.js';

const METRICS = [
  ['COMPREHENSION', 'Comprehension'],
  ['REASONING', 'Reasoning'],
  ['CALIBRATION', 'Calibration'],
  ['MASTERY', 'Mastery'],
];

const NO_OBJECTIVE = { reason: 'NO_DATA', message: 'No response to an objective has been recorded yet.' };

export class Board {
  #cards = new Map();

  /* about: the data of the query `overview`. */
  constructor({ configuration, ask, learner, about, onUnauthenticated }) {
    const { queries, graphiql } = configuration;
    const industry = about.industries[0];
    const objectives = about.learner.objectiveScores.edges.map(({ node }) => [node.objective.id, node.objective.name]);
    this.learner = learner;
    this.industries = new Map(about.industries.map(each => [each.name, each]));
    this.choice = {
      objective: (objectives.find(([id]) => id === configuration.objective) ?? objectives[0])?.[0] ?? null,
      metric: METRICS[0][0],
      industry: industry.name,
      industryMetric: industry.metrics[0].name,
    };
    const card = (chart, controls = []) => {
      const made = new Card(chart, { ask, query: queries[chart.name], graphiql, onUnauthenticated, controls });
      this.#cards.set(chart.name, made);
      return made.element;
    };
    const objective = select('Objective', objectives, this.choice.objective, id => this.#choose({ objective: id }, 'peers', 'profile'));
    const metric = select('Metric', METRICS, this.choice.metric, name => this.#choose({ metric: name }, 'peers'));
    this.metrics = select('Figure', metricsOf(industry), this.choice.industryMetric, name =>
      this.#choose({ industryMetric: name }, 'series'),
    );
    const industryChoice = select(
      'Industry',
      about.industries.map(({ name, label }) => [name, label]),
      industry.name,
      name => this.#chooseIndustry(name),
    );
    this.element = element(
      'div',
      { class: 'board' },
      element('header', { class: 'overview' }, overview(about.learner)),
      section('Among your peers', [objective], card(boxPlot, [metric]), card(radar)),
      section('What you know', [], card(heatMap), card(forgetting)),
      section('Where you are heading', [], card(readiness), card(ghost)),
      section('Beyond the course', [], card(fan, [industryChoice, this.metrics])),
    );
  }

  showAll() {
    return this.#show(...this.#cards.keys());
  }

  redraw() {
    this.#cards.forEach(card => card.redraw());
  }

  end() {
    this.#cards.forEach(card => card.end());
  }

  #choose(choice, ...names) {
    Object.assign(this.choice, choice);
    this.#show(...names);
  }

  #chooseIndustry(name) {
    const industry = this.industries.get(name);
    const metric = industry.metrics[0].name;
    offer(this.metrics, metricsOf(industry), metric);
    this.#choose({ industry: name, industryMetric: metric }, 'series');
  }

  #show(...names) {
    return Promise.all(
      names.map(name => {
        const card = this.#cards.get(name);
        const variables = this.#variables(name);
        return variables.objective === null ? card.withhold(NO_OBJECTIVE, variables) : card.show(variables);
      }),
    );
  }

  /* What each query is asked with. */
  #variables(name) {
    const { learner } = this;
    const { objective, metric, industry, industryMetric } = this.choice;
    switch (name) {
      case 'peers':
        return { learner, objective, metric };
      case 'profile':
        return { learner, objective };
      case 'series':
        return { industry, metric: industryMetric };
      default:
        return { learner };
    }
  }
}

const metricsOf = industry => industry.metrics.map(({ name, label }) => [name, label]);

let sections = 0;

function section(title, controls, ...cards) {
  sections += 1;
  const id = `section-${sections}`;
  return element(
    'section',
    { class: 'group', 'aria-labelledby': id },
    element('div', { class: 'group-head' }, element('h2', { id }, title), controls),
    element('div', { class: `cards${cards.length === 1 ? ' single' : ''}` }, cards),
  );
}
