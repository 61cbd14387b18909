// One partition on the time axis: its clocks as lines, its visits as bars, the rest of them as a histogram by due time.
import { Keyed, s, setAttribute, setText } from './dom.js';
import { pack } from './scale.js';
import { clock, count, duration } from './time.js';
import { barText, clocksText } from './words.js';

const TITLE = 18;
const ROW = 11;
const BAR = 6;
const REST = 26;
const MOST_ROWS = 8;

export class Lane {
  /** Rows of bars for these visits; they must be the same from one drawing to the next, or the page would jump. */
  static rowsOf({ visits }) {
    const most = visits === null ? 0 : visits.shown.length;
    return Math.min(MOST_ROWS, Math.max(3, most));
  }

  static height(item) {
    return TITLE + Lane.rowsOf(item) * ROW + REST;
  }

  constructor(explain) {
    this.explain = explain;
    this.rows = new Map();
    /** Open visits for which there is no row. */
    this.hidden = [];
    this.item = null;
    this.ground = s('rect', { class: 'ground' });
    this.settled = s('rect', { class: 'settled' });
    this.title = s('text', { class: 'title', x: 6, y: 13 });
    this.side = s('text', { class: 'side', y: 13, 'text-anchor': 'end' });
    this.lines = Object.fromEntries(
      ['event', 'arrival', 'watermark'].map((kind) => [kind, s('line', { class: kind })]),
    );
    this.label = s('text', { class: 'label', y: 13 });
    this.out = s('text', { class: 'out' });
    this.head = s(
      'g',
      { class: 'head', tabindex: 0, role: 'img', onfocus: () => this.explainClocks(), onblur: () => explain(null) },
      this.ground,
      this.settled,
      this.title,
      this.side,
    );
    this.bars = s('g', {});
    this.rest = s('g', { class: 'rest', 'aria-hidden': 'true' });
    this.element = s(
      'g',
      { class: 'lane' },
      this.head,
      this.rest,
      Object.values(this.lines),
      this.bars,
      this.label,
      this.out,
    );
    this.keyed = new Keyed(
      this.bars,
      (bar) => bar.visit.id,
      () => new Bar((text) => explain(text)),
    );
    this.element.addEventListener('pointerover', (event) => {
      if (!this.bars.contains(event.target)) this.explainClocks();
    });
    this.element.addEventListener('pointerleave', () => explain(null));
  }

  explainClocks() {
    if (this.item !== null) this.explain(clocksText(this.item.partition, this.item.rules, this.item.now));
  }

  update(item) {
    this.item = item;
    const { partition, scale, top, width, fine } = item;
    const height = Lane.height(item) - 4;
    setAttribute(this.element, 'transform', `translate(0 ${top})`);
    box(this.ground, 0, 0, width, height);
    const { watermark } = partition;
    box(this.settled, 0, 0, watermark === null ? 0 : scale.within(watermark), height);
    setAttribute(this.head, 'aria-label', clocksText(partition, item.rules, item.now));
    setText(this.title, `partition ${partition.partition}`);
    setAttribute(this.side, 'x', width - 6);
    setText(this.side, sideOf(partition, fine));
    this.drawClocks(item, height);
    this.drawBars(item);
    this.drawRest(item, height);
  }

  drawClocks({ partition, scale, fine }, height) {
    const { watermark, eventClock, arrivalClock } = partition;
    for (const [kind, ms] of [
      ['watermark', watermark],
      ['event', eventClock],
      ['arrival', arrivalClock],
    ]) {
      const inside = ms !== null && scale.has(ms);
      setAttribute(this.lines[kind], 'visibility', inside ? null : 'hidden');
      if (!inside) continue;
      const x = Math.round(scale.x(ms) * 2) / 2;
      for (const [name, value] of Object.entries({
        x1: x,
        x2: x,
        y1: kind === 'watermark' ? 0 : TITLE - 2,
        y2: height,
      }))
        setAttribute(this.lines[kind], name, value);
    }
    const inside = watermark !== null && scale.has(watermark);
    const x = inside ? scale.x(watermark) : 0;
    const right = x < 190;
    setAttribute(this.label, 'visibility', inside && fine ? null : 'hidden');
    setAttribute(this.label, 'x', right ? x + 4 : x - 4);
    setAttribute(this.label, 'text-anchor', right ? 'start' : 'end');
    setText(this.label, inside ? `watermark ${clock(watermark)}` : '');
    const lost = watermark !== null && watermark < scale.from;
    setAttribute(this.out, 'visibility', lost ? null : 'hidden');
    setAttribute(this.out, 'x', 6);
    setAttribute(this.out, 'y', TITLE + 10);
    setText(
      this.out,
      lost ? `← watermark at ${clock(watermark)}, ${duration(scale.from - watermark)} before this` : '',
    );
  }

  drawBars(item) {
    const { visits, scale } = item;
    const shown = visits?.shown ?? [];
    const spans = shown
      .filter((visit) => visit.due >= scale.from && visit.startedAt <= scale.to)
      .map((visit) => ({
        key: visit.id,
        visit,
        from: scale.within(visit.startedAt),
        to: Math.max(
          scale.within(visit.startedAt) + 8,
          scale.within(visit.ended ? visit.lastEventAt : Math.max(visit.waitsFor, visit.due)) + 6,
        ),
      }));
    const { placed } = pack(spans, Lane.rowsOf(item), (key) => this.rows.get(key));
    this.rows = placed;
    this.hidden = shown.filter((visit) => !visit.ended && !placed.has(visit.id));
    this.keyed.update(
      spans
        .filter(({ key }) => placed.has(key))
        .map(({ visit }) => ({ visit, y: TITLE + placed.get(visit.id) * ROW + 1, item })),
    );
  }

  drawRest({ visits, scale, width }, height) {
    if (this.hidden.length === 0 && !(visits?.rest > 0)) {
      this.rest.replaceChildren();
      return;
    }
    const buckets = histogramOf(visits, this.hidden);
    const highest = Math.max(...buckets.values());
    const base = height - 3;
    const bars = [...buckets].map(([at, n]) => {
      const x = scale.within(at);
      const wide = scale.within(at + visits.step) - x;
      const high = Math.max(1.5, (n / highest) * (REST - 11));
      return wide > 0 && s('rect', { class: 'later', x, y: base - high, width: Math.max(1, wide - 0.5), height: high });
    });
    const more = visits.rest + this.hidden.length;
    this.rest.replaceChildren(
      ...bars.filter(Boolean),
      s('text', { class: 'side', x: 6, y: base - 3 }, `${count(more)} more open, by when they are due`),
      s('line', { class: 'base', x1: 0, x2: width, y1: base, y2: base }),
    );
  }

  /** Moves the focus along the visits, in order of when they are due. */
  step(key, target) {
    const bars = [...this.keyed.shown.values()].sort((a, b) => a.visit.due - b.visit.due).map(({ element }) => element);
    const at = bars.findIndex((bar) => bar.contains(target));
    if (key === 'ArrowLeft' && at === 0) this.head.focus();
    else if (key === 'Home') this.head.focus();
    else if (key === 'End') bars.at(-1)?.focus();
    else (bars[at + (key === 'ArrowRight' ? 1 : -1)] ?? target).focus();
  }
}

/** One visit. */
class Bar {
  constructor(explain) {
    this.explain = explain;
    this.visit = null;
    this.hit = s('rect', { class: 'hit' });
    this.bar = s('rect', { class: 'bar', rx: 2, height: BAR });
    this.tail = s('line', { class: 'tail' });
    this.goal = s('line', { class: 'goal' });
    this.wait = s('line', { class: 'wait' });
    this.due = s('path', { class: 'due' });
    this.element = s(
      'a',
      {
        class: 'visit',
        tabindex: -1,
        onfocus: () => this.describe(),
        onpointerover: () => this.describe(),
        onblur: () => explain(null),
      },
      ...[this.hit, this.wait, this.tail, this.goal, this.bar, this.due],
    );
  }

  describe() {
    this.explain(barText(this.visit, this.item.rules, this.item.partition.watermark, this.item.now));
  }

  update({ visit, y, item }) {
    this.visit = visit;
    this.item = item;
    const { scale } = item;
    const middle = y + ROW / 2;
    const from = scale.within(visit.startedAt);
    const last = scale.within(visit.lastEventAt);
    const goal = scale.x(visit.waitsFor);
    const due = scale.x(visit.due);
    setAttribute(this.element, 'href', `#/visit/${encodeURIComponent(visit.id)}`);
    setAttribute(this.element, 'aria-label', barText(visit, item.rules, item.partition.watermark, item.now));
    const kinds = ['bar', visit.ended && 'ended', visit.seal !== null && 'sealed', visit.debug && 'debug'];
    setAttribute(this.bar, 'class', kinds.filter(Boolean).join(' '));
    box(this.bar, from, middle - BAR / 2, Math.max(3, last - from), BAR);
    box(this.hit, from - 3, y, Math.max(last, visit.ended ? last : due, from) - from + 9, ROW);
    for (const part of [this.tail, this.goal, this.wait, this.due])
      setAttribute(part, 'visibility', visit.ended ? 'hidden' : null);
    if (visit.ended) return;
    line(this.tail, last, scale.within(visit.waitsFor), middle, middle);
    line(this.goal, goal, goal, middle - 4.5, middle + 4.5);
    line(this.wait, scale.within(visit.waitsFor), scale.within(visit.due), middle, middle);
    setAttribute(this.due, 'd', `M${due} ${middle - 3.5}l3.5 3.5l-3.5 3.5l-3.5-3.5z`);
  }
}

/** How many of the visits without a bar are due when, by the beginning of a bucket of `step` ms. */
function histogramOf({ later, step }, hidden) {
  const buckets = new Map(later.map(({ at, visits }) => [at, visits]));
  for (const { due } of hidden) {
    const at = Math.floor(due / step) * step;
    buckets.set(at, (buckets.get(at) ?? 0) + 1);
  }
  return buckets;
}

function sideOf({ openVisits, lag, phase }, fine) {
  const open = `${count(openVisits)} open`;
  if (phase === 'nobody') return `${open} · nobody folds it`;
  if (!fine || lag === null) return open;
  return `${open} · ${lag === 0 ? 'caught up' : `${count(lag)} behind`}`;
}

function box(rect, x, y, width, height) {
  for (const [name, value] of Object.entries({ x, y, width, height })) setAttribute(rect, name, round(value));
}

function line(element, x1, x2, y1, y2) {
  for (const [name, value] of Object.entries({ x1, x2, y1, y2 })) setAttribute(element, name, round(value));
}

function round(n) {
  return Math.round(n * 10) / 10;
}
