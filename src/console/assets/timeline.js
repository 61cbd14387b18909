// A visit's events on a line, with what was published of it, and the gap after its last event.
import { h, s, set, show } from './dom.js';
import { Scale, ticksOf } from './scale.js';
import { clock, count, duration, offsetMinutes, tick } from './time.js';

const HEIGHT = 86;
const LINE = 44;
/** Dots that are drawn: of more, those that a picture of this width can tell apart. */
const MOST = 400;

export function timeline({ visit, events }) {
  const svg = s('svg', { class: 'axis timeline', height: HEIGHT, role: 'img', 'aria-label': textOf(visit) });
  const frame = h('div', { class: 'frame' }, svg);
  const observer = new ResizeObserver(() => {
    if (frame.isConnected) draw(svg, frame.clientWidth, visit, events);
    else observer.disconnect();
  });
  observer.observe(frame);
  return frame;
}

function textOf({ eventCount, startedAt, lastEventAt, durationMs }) {
  return `${count(eventCount)} events from ${clock(startedAt)} to ${clock(lastEventAt)}, over ${duration(durationMs)}`;
}

function draw(svg, width, visit, { items }) {
  if (width < 50) return;
  const { startedAt, lastEventAt, ending } = visit;
  const goal = ending === null ? null : ending.watermarkToPass;
  const end = Math.max(
    lastEventAt,
    goal ?? lastEventAt,
    Math.min(ending?.watermark ?? lastEventAt, goal ?? lastEventAt),
  );
  const room = Math.max(1_000, end - startedAt) * 0.04;
  const scale = new Scale({ from: startedAt - room, to: end + room }, width);
  set(svg, 'width', width);
  set(svg, 'viewBox', `0 0 ${width} ${HEIGHT}`);
  const { ticks, step } = ticksOf(scale, 90, offsetMinutes(startedAt));
  const marks = ticks.map((t) => {
    const x = scale.x(t);
    const inside = x > 30 && x < width - 30;
    return [s('line', { x1: x, x2: x, y1: 16, y2: HEIGHT }), inside && s('text', { x, y: 11 }, tick(t, step))];
  });
  const from = scale.x(startedAt);
  const last = scale.x(lastEventAt);
  show(
    svg,
    s('g', { class: 'ticks' }, marks),
    s('rect', { class: 'span', x: from - 4, y: LINE - 9, width: last - from + 8, height: 18, rx: 9 }),
    goal !== null && waits(scale, lastEventAt, goal, width),
    dots(items, scale),
    ending?.watermark != null && scale.has(ending.watermark) && mark(scale.x(ending.watermark), 'watermark', width),
  );
}

function waits(scale, last, goal, width) {
  const x = scale.x(goal);
  const left = x > width - 220;
  return [
    s('line', { class: 'tail', x1: scale.x(last), x2: x, y1: LINE, y2: LINE }),
    s('line', { class: 'goal', x1: x, x2: x, y1: LINE - 8, y2: LINE + 8 }),
    s(
      'text',
      { x: left ? x : x + 4, y: HEIGHT - 8, 'text-anchor': left ? 'end' : 'start' },
      `ends when the watermark is past ${clock(goal)}`,
    ),
  ];
}

function mark(x, text, width) {
  const left = x > width - 90;
  return [
    s('line', { class: 'watermark', x1: x, x2: x, y1: 18, y2: HEIGHT - 22 }),
    s('text', { class: 'label', x: left ? x - 4 : x + 4, y: 28, 'text-anchor': left ? 'end' : 'start' }, text),
  ];
}

function dots(items, scale) {
  const every = Math.ceil(items.length / MOST);
  return items
    .filter((_, i) => i % every === 0)
    .map(({ occurredAt, type, page }) =>
      s(
        'circle',
        { class: `event-dot${page === null ? '' : ' view'}`, cx: scale.x(occurredAt), cy: LINE, r: 4 },
        s('title', {}, `${clock(occurredAt)} ${type}${page === null ? '' : ` ${page}`}`),
      ),
    );
}
