/* Figures and names as people read them. */

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const FINE = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const SHARP = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const DAY = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeZone: 'UTC' });
const MONTH = new Intl.DateTimeFormat('en', { month: 'short', year: 'numeric', timeZone: 'UTC' });

export const whole = value => WHOLE.format(value);
export const fine = value => FINE.format(value);

/* A share of 0-1 in percent. Near the ends a rounded figure would claim certainty. */
export function percent(share) {
  const points = 100 * share;
  if (points > 0 && points < 1) {
    return points < 0.1 ? '< 0.1 %' : `${FINE.format(points)} %`;
  }
  if (points > 99 && points < 100) {
    return points > 99.9 ? '> 99.9 %' : `${FINE.format(points)} %`;
  }
  return `${WHOLE.format(points)} %`;
}

export const day = text => DAY.format(new Date(text));
export const month = text => MONTH.format(new Date(text));

/* A value of a series in its unit: shares read better in percent. */
export function inUnit(unit) {
  if (unit.startsWith('share')) {
    return value => `${FINE.format(100 * value)} %`;
  }
  return value => (Math.abs(value) >= 100 ? WHOLE : SHARP).format(value);
}

/* `TASKS_THIS_WEEK` as "Tasks this week". */
export function named(code) {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/* "a, b and c". */
export const listed = names => new Intl.ListFormat('en').format(names);
