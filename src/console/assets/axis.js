// The time axis: each partition's clocks, and its visits between them.
import { h, Keyed, replaceChildren, s, setAttribute, setText } from './dom.js';
import { Lane } from './lane.js';
import { domainOf, Scale, ticksOf } from './scale.js';
import { clock, duration, offsetMinutes, relative, tick } from './time.js';

const HEAD = 26;
/** The most lanes that are drawn: if there are more partitions, those with most visits. */
const MOST_LANES = 12;
/** Visits that were read longer ago than this, ms, are marked as old. */
const OLD = 3_500;
const ZOOMS = [
  ['¼ ×', 4],
  ['½ ×', 2],
  ['1 ×', 1],
  ['2 ×', 0.5],
  ['4 ×', 0.25],
];

export class Axis {
  constructor() {
    this.zoom = 1;
    this.live = null;
    this.ticks = s('g', { class: 'ticks', 'aria-hidden': 'true' });
    this.now = s('g', { class: 'now', 'aria-hidden': 'true' }, s('line', {}), s('text', { y: 12 }));
    this.lanes = s('g', {});
    this.svg = s(
      'svg',
      { class: 'axis', role: 'group', 'aria-label': 'Clocks and open visits of each partition on a time axis' },
      this.ticks,
      this.lanes,
      this.now,
    );
    this.keyed = new Keyed(
      this.lanes,
      (lane) => lane.partition.partition,
      () => new Lane((text) => this.explain(text)),
    );
    this.caption = h('p', { class: 'says', role: 'status' });
    this.note = h('p', { class: 'muted note' });
    this.frame = h('div', { class: 'frame' }, this.svg);
    this.element = h(
      'section',
      { class: 'panel clocks', 'aria-labelledby': 'axis-title' },
      this.head(),
      this.frame,
      this.caption,
      legend(),
      this.note,
    );
    this.explained = null;
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.frame);
    this.svg.addEventListener('keydown', (event) => this.move(event));
  }

  head() {
    const choose = h(
      'select',
      { id: 'zoom', onchange: (event) => this.setZoom(Number(event.target.value)) },
      ZOOMS.map(([label, value]) => h('option', { value, selected: value === 1 ? '' : null }, label)),
    );
    return h(
      'div',
      { class: 'panel-head' },
      h('h2', { id: 'axis-title' }, 'Event time'),
      h('span', { class: 'grow' }),
      h('label', { for: 'zoom', class: 'muted' }, 'Zoom'),
      choose,
    );
  }

  setZoom(zoom) {
    this.zoom = zoom;
    this.draw();
  }

  update(live) {
    this.live = live;
    this.draw();
  }

  /** Explains what the pointer or the focus is at; null: explains how to use the axis. */
  explain(text) {
    this.explained = text;
    const { partitions, topic } = this.live;
    const isEmpty = partitions.every(({ arrivalClock }) => arrivalClock === null);
    const nothing = `No record that the brokers stamped was folded yet, so the clocks have not begun. Write events to topic ${topic}; tidemark simulate --rate 10 writes some that look real.`;
    const hint =
      'An open visit ends when the watermark, the thick line, reaches its tick. Point at a bar or a lane, or go there with Tab and the arrow keys, to read what it waits for.';
    setText(this.caption, text ?? (isEmpty ? nothing : hint));
  }

  draw() {
    const width = Math.floor(this.frame.clientWidth);
    if (this.live === null || width < 50) return;
    const { at: now, partitions, rules, visits } = this.live;
    const lanes = this.chosen();
    const scale = new Scale(
      domainOf({ now, clocks: partitions.map((one) => one.arrivalClock), rules, zoom: this.zoom }),
      width,
    );
    let top = HEAD;
    const items = lanes.map((partition) => {
      const of = visits.find((one) => one.partition === partition.partition) ?? null;
      const item = { partition, visits: of, rules, now, scale, top, width, fine: width > 560 };
      top += Lane.height(item);
      return item;
    });
    this.keyed.update(items);
    setAttribute(this.svg, 'width', width);
    setAttribute(this.svg, 'height', top + 4);
    setAttribute(this.svg, 'viewBox', `0 0 ${width} ${top + 4}`);
    this.drawTicks(scale, top, now);
    this.drawNow(scale, now, top);
    this.describe(lanes, scale, now);
    if (this.explained === null) this.explain(null);
  }

  /** The partitions that are drawn. */
  chosen() {
    const { partitions } = this.live;
    if (partitions.length <= MOST_LANES) return partitions;
    const busiest = [...partitions].sort((a, b) => b.openVisits - a.openVisits || a.partition - b.partition);
    return busiest.slice(0, MOST_LANES).sort((a, b) => a.partition - b.partition);
  }

  drawTicks(scale, height, now) {
    const { ticks, step } = ticksOf(scale, 84, offsetMinutes(scale.from));
    const marks = ticks.map((t) => {
      const x = Math.round(scale.x(t)) + 0.5;
      const room = x > 26 && x < scale.width - 26 && Math.abs(x - scale.within(now)) > 44;
      return [s('line', { x1: x, x2: x, y1: 18, y2: height }), room && s('text', { x, y: 12 }, tick(t, step))];
    });
    replaceChildren(this.ticks, marks);
  }

  drawNow(scale, now, height) {
    const [line, label] = this.now.children;
    const inside = scale.has(now);
    const x = Math.round(scale.within(now)) + 0.5;
    for (const [name, value] of Object.entries({ x1: x, x2: x, y1: 14, y2: height })) setAttribute(line, name, value);
    setAttribute(line, 'visibility', inside ? null : 'hidden');
    setAttribute(label, 'x', inside ? x : scale.width - 2);
    setAttribute(label, 'text-anchor', inside ? 'middle' : 'end');
    setText(label, inside ? 'now' : `now ${clock(now)} →`);
  }

  describe(lanes, scale, now) {
    const { partitions, rules, store } = this.live;
    const notes = [];
    if (store.readAt !== null && store.readAt !== undefined && now - store.readAt > OLD) {
      notes.push(`The visits are as of ${relative(store.readAt, now)}, the clocks are current.`);
    }
    if (scale.to < now) {
      const newest = Math.max(...partitions.map((one) => one.arrivalClock ?? 0));
      notes.push(`The last record came ${relative(newest, now)}: the axis stands there, not at the clock on the wall.`);
    }
    if (lanes.length < partitions.length) {
      notes.push(
        `${lanes.length} of ${partitions.length} partitions are drawn, those with most open visits; the table below has all.`,
      );
    }
    const { gap, outOfOrderness, arrivalGrace } = rules;
    notes.push(
      `Gap ${duration(gap)} · out-of-orderness ${duration(outOfOrderness)} · arrival grace ${duration(arrivalGrace)}.`,
    );
    setText(this.note, notes.join(' '));
  }

  /** Arrow keys move along a lane's visits, and from lane to lane. The Tab key reaches only one element. */
  move(event) {
    const { key } = event;
    if (!['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'].includes(key)) return;
    const lanes = [...this.keyed.shown.values()];
    const at = lanes.findIndex((lane) => lane.element.contains(event.target));
    if (at < 0) return;
    event.preventDefault();
    if (key === 'ArrowUp' || key === 'ArrowDown') {
      const next = lanes[at + (key === 'ArrowDown' ? 1 : -1)];
      next?.head.focus();
      return;
    }
    lanes[at].step(key, event.target);
  }

  close() {
    this.observer.disconnect();
  }
}

/** Explains the marks. */
function legend() {
  const key = (kind, name, means) => h('li', {}, swatch(kind), h('b', {}, name), ' ', means);
  return h(
    'details',
    { class: 'legend', open: matchMedia('(min-width: 760px)').matches ? '' : null },
    h('summary', {}, 'How to read it'),
    h(
      'ul',
      {},
      key('visit', 'open visit', 'from its first event to its last'),
      key(
        'tail',
        'waits',
        'until the watermark passes this tick: its last event plus the gap. Another event before moves it on',
      ),
      key('due', 'due', 'at the latest: the clock ends it here if no more events come'),
      key('ended', 'ended', 'published as Visit Ended'),
      key('watermark', 'watermark', 'how far event time is complete: no older event is waited for'),
      key('event', 'event clock', 'the latest time that an event bears; the watermark follows it at a fixed distance'),
      key('arrival', 'arrival clock', 'the timestamp of the last record'),
      key('nowline', 'now', 'the clock on the wall, which decides nothing while records come'),
    ),
  );
}

function swatch(kind) {
  const shapes = {
    visit: [s('rect', { class: 'bar', x: 1, y: 5, width: 22, height: 6, rx: 2 })],
    tail: [
      s('line', { class: 'tail', x1: 1, x2: 19, y1: 8, y2: 8 }),
      s('line', { class: 'goal', x1: 19.5, x2: 19.5, y1: 3, y2: 13 }),
    ],
    due: [s('path', { class: 'due', d: 'M12 3.5l4.5 4.5l-4.5 4.5l-4.5-4.5z' })],
    ended: [s('rect', { class: 'bar ended', x: 1, y: 5, width: 22, height: 6, rx: 2 })],
    watermark: [
      s('rect', { class: 'settled', x: 0, y: 0, width: 12, height: 16 }),
      s('line', { class: 'watermark', x1: 12, x2: 12, y1: 0, y2: 16 }),
    ],
    event: [s('line', { class: 'event', x1: 12, x2: 12, y1: 0, y2: 16 })],
    arrival: [s('line', { class: 'arrival', x1: 12, x2: 12, y1: 0, y2: 16 })],
    nowline: [s('line', { class: 'nowline', x1: 12, x2: 12, y1: 0, y2: 16 })],
  };
  return s(
    'svg',
    { class: 'axis swatch', width: 24, height: 16, viewBox: '0 0 24 16', 'aria-hidden': 'true' },
    shapes[kind],
  );
}
