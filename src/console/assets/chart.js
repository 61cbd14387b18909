// A picture of figures over time: bars side by side, or lines. The Tab key stops at it once, arrow keys go from part to part;
// the same figures are in a table below it.
import { h, replaceChildren, s, setAttribute, setText } from './dom.js';
import { partsOf, Scale, ticksOf, valuesTo } from './scale.js';
import { offsetMinutes, tick } from './time.js';

const HEIGHT = 168;
const TOP = 8;
const FOOT = 20;
const RIGHT = 4;
/** Least room between two marks of the time axis, px. */
const ROOM = 58;
const DAY = 86_400_000;

/** A part of a span in words: `11-30` of a day, `14:00` of an hour. Days are those of UTC. */
export function partName(ms, step) {
  return step >= DAY ? new Date(ms).toISOString().slice(5, 10) : tick(ms, step);
}

export class Chart {
  /**
   * `series`: `{ label, kind: 'bar' | 'line', tone }` for each figure of a row; `format(value)` in words; `stepOf(least)`: a round step
   * between values; `whole`: counts; `top`: the highest there can be.
   */
  constructor({ title, series, format, stepOf, whole, top = null }) {
    Object.assign(this, { series, format, stepOf, whole, top });
    this.parts = [];
    this.at = null;
    this.svg = s('svg', { class: 'chart', 'aria-hidden': 'true', height: HEIGHT });
    this.caption = h('p', { class: 'chart-says', 'aria-hidden': 'true' });
    this.frame = h(
      'div',
      {
        class: 'chart-frame',
        role: 'slider',
        tabindex: 0,
        'aria-label': `${title}, part by part`,
        'aria-valuemin': 1,
        'aria-valuemax': 1,
        'aria-valuenow': 1,
        onkeydown: (event) => this.move(event),
        onpointermove: (event) => this.point(event),
        onpointerleave: () => this.choose(null),
        onblur: () => this.choose(null),
        onfocus: () => this.at === null && this.choose(this.parts.length - 1),
      },
      this.svg,
    );
    this.element = h('div', {}, legend(series), this.frame, this.caption);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.frame);
  }

  /** @param rows `[part, ...figures]`; parts that have none are left out of them @param span `{ step, parts }` */
  update(rows, span, now) {
    const known = new Map(rows.map(([part, ...figures]) => [part, figures]));
    this.step = span.step;
    this.now = now;
    this.parts = partsOf(span, now).map((begin) => ({ begin, figures: this.figuresOf(known.get(begin)) }));
    this.draw();
  }

  /** The figures of a part without a row: a count is 0, all else is not known. */
  figuresOf(figures) {
    return this.series.map((_, i) => figures?.[i] ?? (this.whole ? 0 : null));
  }

  draw() {
    const width = Math.floor(this.frame.clientWidth);
    if (this.parts.length === 0 || width < 50) return;
    const most = Math.max(0, ...this.parts.flatMap(({ figures }) => figures));
    const marks = valuesTo(this.top ?? most, 4, this.stepOf);
    const left = 10 + 7 * Math.max(...marks.map((value) => this.format(value).length));
    const first = this.parts[0].begin;
    this.left = left;
    this.scale = new Scale({ from: first, to: this.parts.at(-1).begin + this.step }, width - left - RIGHT);
    const top = marks.at(-1);
    this.y = (value) => TOP + (1 - Math.min(value, top) / top) * (HEIGHT - TOP - FOOT);
    setAttribute(this.svg, 'width', width);
    replaceChildren(this.svg, this.values(marks, width), this.times(), this.cursor(), this.figures());
    this.describe();
  }

  values(marks, width) {
    return s(
      'g',
      { class: 'values' },
      marks.map((value) => [
        s('line', { x1: this.left, x2: width - RIGHT, y1: this.y(value), y2: this.y(value) }),
        s('text', { x: this.left - 6, y: this.y(value) + 4 }, this.format(value)),
      ]),
    );
  }

  times() {
    const offset = this.step >= DAY ? 0 : offsetMinutes(this.now);
    const { ticks } = ticksOf(this.scale, ROOM, offset);
    const shown = ticks.filter((ms) => this.scale.x(ms) < this.scale.width - 14);
    return s(
      'g',
      { class: 'times' },
      shown.map((ms) =>
        s(
          'text',
          { x: Math.max(this.left + this.scale.x(ms), this.left + 12), y: HEIGHT - 4 },
          partName(ms, this.step),
        ),
      ),
    );
  }

  cursor() {
    if (this.at === null) return null;
    const { begin } = this.parts[this.at];
    const wide = this.scale.x(begin + this.step) - this.scale.x(begin);
    const x = this.left + this.scale.x(begin);
    return s('rect', { class: 'cursor', x, y: TOP, width: wide, height: HEIGHT - TOP - FOOT });
  }

  figures() {
    const bars = this.series.filter(({ kind }) => kind === 'bar').length;
    return this.series.map(({ kind, tone }, i) =>
      s('g', { class: tone }, kind === 'bar' ? this.bars(i, bars) : this.line(i)),
    );
  }

  bars(index, bars) {
    const part = this.scale.x(this.parts[0].begin + this.step);
    const wide = Math.max(1, (part * 0.76) / bars);
    return this.parts.map(({ begin, figures }, i) => {
      const value = figures[index];
      if (value === null || value === 0) return null;
      const y = Math.min(this.y(value), this.y(0) - 1);
      const x = this.left + this.scale.x(begin) + part * 0.12 + index * wide;
      // The last part is not over yet.
      const rest = i === this.parts.length - 1 ? 'bar partial' : 'bar';
      return s('rect', { class: rest, x, y, width: Math.max(1, wide - (bars > 1 ? 0.5 : 0)), height: this.y(0) - y });
    });
  }

  /** The line, which an unknown figure interrupts. */
  line(index) {
    const half = this.scale.x(this.parts[0].begin + this.step) / 2;
    const points = this.parts.map(({ begin, figures }) => {
      const value = figures[index];
      return value === null ? null : [this.left + this.scale.x(begin) + half, this.y(value)];
    });
    const path = points.map((point, i) =>
      point === null
        ? ''
        : `${(points[i - 1] ?? null) === null ? 'M' : 'L'}${point[0].toFixed(1)} ${point[1].toFixed(1)}`,
    );
    const dots = points.filter((point) => point !== null);
    return [
      s('path', { class: 'line', d: path.join('') }),
      dots.map(([cx, cy]) => s('circle', { class: 'dot', cx, cy, r: 2.2 })),
    ];
  }

  point({ clientX }) {
    if (this.scale === undefined) return;
    const { left } = this.frame.getBoundingClientRect();
    const share = (clientX - left - this.left) / this.scale.width;
    const at = Math.floor(share * this.parts.length);
    this.choose(at < 0 || at >= this.parts.length ? null : at);
  }

  move(event) {
    const last = this.parts.length - 1;
    const at = this.at ?? last;
    const next = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, Home: 0, End: last }[
      event.key
    ];
    if (next === undefined) return;
    event.preventDefault();
    this.choose(Math.min(last, Math.max(0, next)));
  }

  choose(at) {
    if (at === this.at) return;
    this.at = at;
    this.draw();
  }

  describe() {
    const last = this.parts.length - 1;
    const text = this.partText(this.at ?? last);
    setAttribute(this.frame, 'aria-valuemax', this.parts.length);
    setAttribute(this.frame, 'aria-valuenow', (this.at ?? last) + 1);
    setAttribute(this.frame, 'aria-valuetext', text);
    setText(this.caption, text);
  }

  partText(index) {
    const { begin, figures } = this.parts[index];
    const each = this.series.map(({ label }, i) => `${figures[i] === null ? '–' : this.format(figures[i])} ${label}`);
    const rest = index === this.parts.length - 1 ? ' so far' : '';
    return `${partName(begin, this.step)}${rest}: ${each.join(', ')}`;
  }
}

function legend(series) {
  if (series.length < 2) return null;
  return h(
    'ul',
    { class: 'chart-legend', 'aria-hidden': 'true' },
    series.map(({ label, tone }) =>
      h(
        'li',
        {},
        s(
          'svg',
          { class: 'chart', width: 10, height: 10 },
          s('g', { class: tone }, s('rect', { class: 'bar', width: 10, height: 10, rx: 2 })),
        ),
        label,
      ),
    ),
  );
}
