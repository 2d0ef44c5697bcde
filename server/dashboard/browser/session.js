/* Who asks about whom. Kept for this browser tab alone, and forgotten with it; a demo token is not kept at all. */

const PLACE = 'paceline:dashboard';

export function kept() {
  const text = sessionStorage.getItem(PLACE);
  return text === null ? null : JSON.parse(text);
}

/* learner: an id, or null for the learner that the token names. */
export function keep(token, learner) {
  sessionStorage.setItem(PLACE, JSON.stringify({ token, learner }));
}

export function forget() {
  sessionStorage.removeItem(PLACE);
}
