/* Begins the dashboard: finds out who asks about whom, and shows the charts or asks for a token. */

import { asker, Failed, Unauthenticated } from './api.js';
import { Board } from './board.js';
import { element, mark } from './dom.js';
import { canDraw } from './drawing.js';
import { forget, keep, kept } from './session.js';
import { onThemeChange } from './theme.js';
import { tokenForm } from './token_form.js';

const configuration = JSON.parse(document.getElementById('configuration').textContent);
const main = element('main', { id: 'main', tabindex: '-1' });
let board = null;

function begin() {
  const session = kept() ?? (configuration.token === null ? null : { token: configuration.token, learner: null });
  if (session === null) {
    askForToken();
  } else {
    open(session);
  }
}

async function open({ token, learner }) {
  const ask = asker(configuration.endpoint, token);
  leave(element('p', { class: 'loading', role: 'status' }, 'Loading …'));
  try {
    const id = learner ?? (await ask(configuration.queries.viewer)).viewer?.id;
    if (id === undefined) {
      askForToken('This token names no learner: give the id of the one to show.');
      return;
    }
    const about = await ask(configuration.queries.overview, { learner: id });
    if (about.learner === null) {
      askForToken('There is no learner with this id, or this token may not read it.');
      return;
    }
    board = new Board({ configuration, ask, learner: id, about, onUnauthenticated: fault => askForToken(fault.message) });
    main.replaceChildren(board.element);
    await board.showAll();
  } catch (fault) {
    failed(fault, { token, learner });
  }
}

function failed(fault, session) {
  if (fault instanceof Unauthenticated) {
    askForToken(fault.message);
  } else if (fault instanceof Failed) {
    leave(
      element(
        'div',
        { class: 'card' },
        element('p', { class: 'message', role: 'alert' }, fault.message),
        element('button', { type: 'button', onclick: () => open(session) }, 'Try again'),
      ),
    );
  } else {
    throw fault;
  }
}

function askForToken(why = null) {
  forget();
  leave(
    tokenForm({
      why,
      onToken(token, learner) {
        keep(token, learner);
        open({ token, learner });
      },
    }),
  );
  document.getElementById('token').focus();
}

/* Shows something other than charts. */
function leave(instead) {
  board?.end();
  board = null;
  main.replaceChildren(instead);
}

function head() {
  return element(
    'header',
    { class: 'page-head' },
    element('div', { class: 'brand' }, mark(), element('h1', {}, 'Paceline')),
    element('p', {}, 'What the API answers about one learner, drawn. Every chart shows its query.'),
    element(
      'nav',
      { 'aria-label': 'Page' },
      configuration.graphiql === null ? null : element('a', { class: 'button', href: configuration.graphiql }, 'GraphiQL'),
      element('button', { type: 'button', onclick: () => askForToken() }, 'Other token'),
    ),
  );
}

const notice = canDraw()
  ? null
  : element(
      'p',
      { class: 'notice' },
      `The charting library did not load${configuration.cdn ? ` from ${configuration.cdn}` : ''}: figures are shown as tables.`,
    );

document
  .getElementById('dashboard')
  .replaceChildren(
    ...[element('a', { class: 'skip', href: '#main' }, 'Skip to the charts'), head(), notice, main].filter(each => each !== null),
  );
onThemeChange(() => board?.redraw());
begin();
