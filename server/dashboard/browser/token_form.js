/* Asks for a token where the page has none, or none that is still good. */

import { element } from './dom.js';

/* onToken(token, learner): learner is null where the field was left empty. why: what was wrong, if anything was. */
export function tokenForm({ why = null, onToken }) {
  const token = element('textarea', {
    id: 'token',
    rows: '3',
    required: true,
    spellcheck: 'false',
    autocomplete: 'off',
    'aria-describedby': 'token-hint',
  });
  const learner = element('input', { id: 'learner', type: 'text', autocomplete: 'off', spellcheck: 'false' });
  return element(
    'form',
    {
      class: 'card token',
      'aria-labelledby': 'token-title',
      onsubmit: event => {
        event.preventDefault();
        onToken(token.value.trim().replace(/^Bearer\s+/i, ''), learner.value.trim() || null);
      },
    },
    element('h2', { id: 'token-title' }, 'Who is asking?'),
    why === null ? null : element('p', { class: 'message', role: 'alert' }, why),
    element(
      'p',
      { class: 'about', id: 'token-hint' },
      'Paste a bearer token. It stays in this browser tab, goes to this server alone, and is gone when the tab is closed.',
    ),
    element('div', { class: 'field' }, element('label', { for: 'token' }, 'Token'), token),
    element('div', { class: 'field' }, element('label', { for: 'learner' }, 'Learner’s id, with a token of staff'), learner),
    element('button', { type: 'submit', class: 'primary' }, 'Show the charts'),
  );
}
