/* One chart on the page: asks, and shows what came of it - the picture, why there is none, or what went wrong. */

import { Failed, Unauthenticated } from './api.js';
import { element } from './dom.js';
import { canDraw, drawn } from './drawing.js';
import { queryPanel, tablePanel } from './panels.js';
import { named } from './words.js';

/* Where the page's own words say that a learner is not there, or not for this token. */
const NOBODY = 'There is no such learner, or this token may not read it.';

export class Card {
  #asked = 0;
  #picture = null;
  #body = element('div', { class: 'body' });
  #query = element('div', {});

  /* chart: one of charts/. controls: elements that choose what it is about. */
  constructor(chart, { ask, query, graphiql, onUnauthenticated, controls = [] }) {
    this.chart = chart;
    this.ask = ask;
    this.query = query;
    this.graphiql = graphiql;
    this.onUnauthenticated = onUnauthenticated;
    const heading = `${chart.name}-title`;
    this.element = element(
      'section',
      { class: `card ${chart.name}`, id: chart.name, 'aria-labelledby': heading },
      element('h3', { id: heading }, chart.title),
      element('p', { class: 'about' }, chart.about),
      controls.length ? element('div', { class: 'controls' }, controls) : null,
      this.#body,
      this.#query,
    );
  }

  /* Asks anew; an answer that a later question has overtaken is dropped. */
  async show(variables) {
    const asked = this.#about(variables);
    this.#fill('loading', element('p', { class: 'loading', role: 'status' }, 'Loading …'));
    let outcome;
    try {
      const data = await this.ask(this.query, variables);
      outcome = () => this.#answered(data);
    } catch (fault) {
      outcome = () => this.#faulted(fault, variables);
    }
    if (asked === this.#asked) {
      outcome();
    }
  }

  /* Says why there is nothing to ask about. */
  withhold(reason, variables) {
    this.#about(variables);
    this.#fill('unavailable', unavailable(reason));
  }

  redraw() {
    this.#picture?.draw();
  }

  end() {
    this.#asked += 1;
    this.#picture?.end();
    this.#picture = null;
  }

  #about(variables) {
    const { query, graphiql } = this;
    this.#query.replaceChildren(queryPanel({ title: this.chart.title, query, variables, graphiql }));
    this.#asked += 1;
    return this.#asked;
  }

  #answered(data) {
    if (data.learner === null) {
      this.#fill('failed', element('p', { class: 'message', role: 'alert' }, NOBODY));
      return;
    }
    const figures = this.chart.read(data);
    if (figures.unavailable) {
      this.#fill('unavailable', unavailable(figures.unavailable));
      return;
    }
    this.#draw(figures);
  }

  #draw(figures) {
    const said = this.chart.said(figures);
    const place = element('div', { class: 'picture', role: 'img', 'aria-label': `${this.chart.title}. ${said}` });
    const table = tablePanel(this.chart.table(figures));
    const shown = canDraw() && this.chart.drawable(figures);
    table.open = !shown;
    this.#fill(
      'drawn',
      shown ? place : null,
      element('p', { class: 'said' }, said),
      ...(this.chart.missing?.(figures) ?? []).map(each => unavailable(each.unavailable, each.name)),
      table,
    );
    if (shown) {
      const height = this.chart.height?.(figures);
      if (height) {
        place.style.height = `${height}px`;
      }
      this.#picture = drawn(place, (colours, narrow) => this.chart.option(figures, colours, narrow));
    }
  }

  #faulted(fault, variables) {
    if (fault instanceof Unauthenticated) {
      this.#fill('failed', element('p', { class: 'message', role: 'alert' }, fault.message));
      this.onUnauthenticated(fault);
      return;
    }
    const again = element('button', { type: 'button', onclick: () => this.show(variables) }, 'Try again');
    const told = fault instanceof Failed ? fault.message : 'The answer cannot be drawn.';
    this.#fill('failed', element('p', { class: 'message', role: 'alert' }, told), again);
    if (!(fault instanceof Failed)) {
      throw fault;
    }
  }

  #fill(state, ...children) {
    this.#picture?.end();
    this.#picture = null;
    this.element.dataset.state = state;
    this.#body.setAttribute('aria-busy', String(state === 'loading'));
    this.#body.replaceChildren(...children.filter(child => child !== null));
  }
}

/* Why there is no figure: an answer, and no fault. */
function unavailable({ reason, message }, of = null) {
  return element(
    'div',
    { class: 'unavailable', role: 'status' },
    element('strong', {}, of === null ? named(reason) : `${of}: ${named(reason).toLowerCase()}`),
    element('p', {}, message),
    element('code', {}, reason),
  );
}
