/* What all charts have in common: their frame, their axes, their tooltips, and how they become pictures. */

import { element } from './dom.js';
import { theme } from './theme.js';

/* Below so many pixels a chart has the room of a phone. */
const NARROW = 480;

export const canDraw = () => globalThis.echarts !== undefined;

/* A picture in *place* of the chart, which follows its size and the theme. */
export function drawn(place, option) {
  const picture = echarts.init(place, null, { renderer: 'svg' });
  const draw = () => {
    const colours = theme();
    picture.setOption({ ...framed(colours), ...option(colours, place.clientWidth < NARROW) }, { notMerge: true });
  };
  draw();
  let width = place.clientWidth;
  const observer = new ResizeObserver(() => {
    if (place.clientWidth !== width && place.clientWidth > 0) {
      width = place.clientWidth;
      picture.resize({ animation: { duration: 0 } });
      draw();
    }
  });
  observer.observe(place);
  return {
    draw,
    end() {
      observer.disconnect();
      picture.dispose();
    },
  };
}

const framed = colours => ({
  animation: colours.animation,
  animationDuration: 500,
  aria: { enabled: false }, // the card says it in words that fit
  backgroundColor: 'transparent',
  textStyle: { color: colours.ink, fontFamily: colours.font, fontSize: 12 },
});

/* An axis with a grid and nothing else. */
export const axis = (colours, more = {}) => ({
  axisLine: { show: false },
  axisTick: { show: false },
  splitLine: { lineStyle: { color: colours.grid } },
  nameTextStyle: { color: colours.faint },
  ...more,
  axisLabel: { color: colours.faint, hideOverlap: true, ...more.axisLabel },
});

/* lines: from what the pointer is on to pairs of a name and a value. Made as elements: names are anybody's text. */
export const tooltip = (colours, trigger, lines) => ({
  trigger,
  confine: true,
  backgroundColor: colours.card,
  borderColor: colours.grid,
  textStyle: { color: colours.ink, fontFamily: colours.font, fontSize: 12 },
  formatter(pointed) {
    const [heading, ...rows] = lines(pointed);
    return element(
      'div',
      { class: 'tooltip' },
      element('strong', {}, heading),
      rows.map(([name, value]) => element('div', {}, element('span', {}, name), element('b', {}, value))),
    );
  },
});

export const legend = (colours, more = {}) => ({
  bottom: 0,
  left: 'center',
  icon: 'roundRect',
  itemHeight: 8,
  itemWidth: 14,
  itemGap: 16,
  textStyle: { color: colours.ink },
  inactiveColor: colours.faint,
  ...more,
});
