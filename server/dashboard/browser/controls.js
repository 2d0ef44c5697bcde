/* What charts are about, to be chosen. */

import { element } from './dom.js';

let made = 0;

/* A labelled select. choices: pairs of a value and a name. */
export function select(label, choices, chosen, onChoice) {
  made += 1;
  const id = `choice-${made}`;
  const field = element(
    'select',
    { id, onchange: () => onChoice(field.value) },
    choices.map(([value, name]) => element('option', { value, selected: value === chosen }, name)),
  );
  return element('div', { class: 'field' }, element('label', { for: id }, label), field);
}

/* Replaces the choices of a field that `select` made. */
export function offer(field, choices, chosen) {
  field
    .querySelector('select')
    .replaceChildren(...choices.map(([value, name]) => element('option', { value, selected: value === chosen }, name)));
}
