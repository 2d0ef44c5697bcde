/* The colours of charts, which are those of the page: light or dark as the reader's system has it. */

const NAMES = ['ink', 'faint', 'grid', 'card', 'own', 'own-faint', 'crowd', 'crowd-middle', 'crowd-wide', 'low', 'low-ink', 'high', 'high-ink'];
const TOPICS = 5;

const dark = matchMedia('(prefers-color-scheme: dark)');
const still = matchMedia('(prefers-reduced-motion: reduce)');

export function theme() {
  const style = getComputedStyle(document.documentElement);
  const colour = name => style.getPropertyValue(`--${name}`).trim();
  return {
    ...Object.fromEntries(NAMES.map(name => [name.replace(/-(.)/g, (_, letter) => letter.toUpperCase()), colour(name)])),
    strong: Number(colour('strong')),
    topics: Array.from({ length: TOPICS }, (_, index) => colour(`topic-${index + 1}`)),
    font: style.getPropertyValue('--font').trim(),
    animation: !still.matches,
  };
}

/* Calls back whenever the reader's choice changes. */
export function onThemeChange(callback) {
  dark.addEventListener('change', callback);
  still.addEventListener('change', callback);
}
