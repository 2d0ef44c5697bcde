/* Elements made by hand: text stays text, and no string is ever read as HTML. */

const SVG = 'http://www.w3.org/2000/svg';

/* An element; `on…` properties listen, true and false set and leave out, children that are null are left out. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on')) {
      made.addEventListener(name.slice(2), value);
    } else if (value === true) {
      made.setAttribute(name, '');
    } else if (value !== false && value !== null) {
      made.setAttribute(name, value);
    }
  }
  made.append(...children.flat().filter(child => child !== null));
  return made;
}

/* The line that climbs: Paceline's mark. */
export function mark() {
  const drawing = document.createElementNS(SVG, 'svg');
  drawing.setAttribute('viewBox', '0 0 16 16');
  drawing.setAttribute('aria-hidden', 'true');
  drawing.classList.add('mark');
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', 'M1 13 5 7l4 3 6-8');
  drawing.append(line);
  return drawing;
}
