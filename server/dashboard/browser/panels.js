/* What folds out below a chart: its figures as a table, and its query with the way to GraphiQL. */

import { element } from './dom.js';

export function tablePanel({ caption, columns, rows }) {
  return element(
    'details',
    { class: 'figures' },
    element('summary', {}, 'Figures as a table'),
    element(
      'div',
      { class: 'scrolled', tabindex: '0', role: 'region', 'aria-label': caption },
      element(
        'table',
        {},
        element('caption', {}, caption),
        element('thead', {}, element('tr', {}, columns.map(column => element('th', { scope: 'col' }, column)))),
        element(
          'tbody',
          {},
          rows.map(([first, ...others]) =>
            element('tr', {}, element('th', { scope: 'row' }, first), others.map(cell => element('td', {}, cell))),
          ),
        ),
      ),
    ),
  );
}

/* graphiql: its path; null where it is off. The query goes into the fragment, which no server gets to see. */
export function queryPanel({ title, query, variables, graphiql }) {
  const written = JSON.stringify(variables, null, 2);
  const fragment = new URLSearchParams({ query, variables: written });
  const link =
    graphiql === null
      ? null
      : element(
          'a',
          {
            class: 'button',
            href: `${graphiql}#${fragment}`,
            target: '_blank',
            rel: 'noopener',
            'aria-label': `Open in GraphiQL: the query of “${title}”, in a new tab`,
          },
          'Open in GraphiQL',
        );
  return element(
    'details',
    { class: 'query' },
    element('summary', {}, 'Query'),
    element('pre', { tabindex: '0', 'aria-label': 'Query' }, element('code', {}, query)),
    element('pre', { tabindex: '0', 'aria-label': 'Variables' }, element('code', {}, written)),
    link,
  );
}
