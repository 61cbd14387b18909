// A visit's events on a line, with the time between its last event and its end; the visits of a session on a line.
import { h, replaceChildren, s, setAttribute } from './dom.js';
import { Scale, ticksOf } from './scale.js';
import { clock, count, duration, offsetMinutes, tick } from './time.js';

const HEIGHT = 88;
const LINE = 46;
/** The most dots that are drawn: more could not be told apart in a picture of this width. */
const MOST = 400;
/** Room that a label takes, pixels. */
const WORDS = 250;

/** `gap` in ms. */
export function visitTimeline({ visit, events }, gap) {
  const { eventCount, startedAt, lastEventAt, durationMs } = visit;
  const label = `${count(eventCount)} events from ${clock(startedAt)} to ${clock(lastEventAt)}, over ${duration(durationMs)}`;
  return drawn(label, (svg, width) => drawVisit(svg, width, visit, events.items, gap));
}

/** Visits of one session, whatever their order. */
export function sessionTimeline(visits) {
  const label = `${count(visits.length)} visits on a time axis`;
  return drawn(label, (svg, width) => drawSession(svg, width, visits));
}

/** A picture that is drawn anew when its width changes. */
function drawn(label, draw) {
  const svg = s('svg', { class: 'axis timeline', height: HEIGHT, role: 'group', 'aria-label': label });
  const frame = h('div', { class: 'frame' }, svg);
  const observer = new ResizeObserver(() => {
    const width = Math.floor(frame.clientWidth);
    if (!frame.isConnected) observer.disconnect();
    if (width < 50) return;
    setAttribute(svg, 'width', width);
    setAttribute(svg, 'viewBox', `0 0 ${width} ${HEIGHT}`);
    draw(svg, width);
  });
  observer.observe(frame);
  return frame;
}

function drawVisit(svg, width, visit, items, gap) {
  const { startedAt, lastEventAt, ending, endReason } = visit;
  const waited = endReason === 'inactivity' ? lastEventAt + gap : lastEventAt;
  const goal = ending?.watermarkToPass ?? waited;
  const room = Math.max(1_000, goal - startedAt) * 0.05;
  const scale = new Scale({ from: startedAt - room, to: goal + room }, width);
  const { watermark } = ending ?? {};
  replaceChildren(
    svg,
    ticks(scale),
    spanOf(scale, startedAt, lastEventAt),
    goal > lastEventAt && tail(scale, lastEventAt, goal),
    endLabel(scale, goal, endWords(visit, goal, gap)),
    dots(items, scale),
    watermark != null && scale.has(watermark) && watermarkAt(scale, watermark),
  );
}

function endWords({ ending, endReason }, goal, gap) {
  if (ending !== null) return `ends once the watermark is past ${clock(goal)}`;
  if (endReason === 'inactivity') return `${duration(gap)} without an event: it ended`;
  return endReason === 'explicit' ? 'its last event ended it' : 'the next event would have been one too many';
}

function ticks(scale) {
  const { ticks: all, step } = ticksOf(scale, 90, offsetMinutes(scale.from));
  const marks = all.map((t) => {
    const x = scale.x(t);
    const inside = x > 30 && x < scale.width - 30;
    return [s('line', { x1: x, x2: x, y1: 16, y2: HEIGHT - 22 }), inside && s('text', { x, y: 11 }, tick(t, step))];
  });
  return s('g', { class: 'ticks' }, marks);
}

function spanOf(scale, from, to) {
  const x = scale.x(from) - 5;
  return s('rect', { class: 'span', x, y: LINE - 9, width: scale.x(to) - x + 5, height: 18, rx: 9 });
}

function tail(scale, last, goal) {
  const x = scale.x(goal);
  return [
    s('line', { class: 'tail', x1: scale.x(last), x2: x, y1: LINE, y2: LINE }),
    s('line', { class: 'goal', x1: x, x2: x, y1: LINE - 8, y2: LINE + 8 }),
  ];
}

function endLabel(scale, at, text) {
  const x = scale.x(at);
  const left = x > scale.width - WORDS;
  return s('text', { x: left ? x + 4 : x, y: HEIGHT - 6, 'text-anchor': left ? 'end' : 'start' }, text);
}

function watermarkAt(scale, watermark) {
  const x = scale.x(watermark);
  const left = x > scale.width - 90;
  return [
    s('line', { class: 'watermark', x1: x, x2: x, y1: 18, y2: HEIGHT - 22 }),
    s('text', { class: 'label', x: left ? x - 4 : x + 4, y: 28, 'text-anchor': left ? 'end' : 'start' }, 'watermark'),
  ];
}

function dots(items, scale) {
  const every = Math.ceil(items.length / MOST);
  return items
    .filter((_, i) => i % every === 0)
    .map(({ occurredAt, type, page }) => {
      const title = s('title', {}, `${clock(occurredAt)} ${type}${page === null ? '' : ` ${page}`}`);
      return s('circle', { class: 'event-dot', cx: scale.x(occurredAt), cy: LINE, r: 4.5 }, title);
    });
}

function drawSession(svg, width, visits) {
  const from = Math.min(...visits.map(({ startedAt }) => startedAt));
  const to = Math.max(...visits.map(({ lastEventAt }) => lastEventAt));
  const room = Math.max(1_000, to - from) * 0.05;
  const scale = new Scale({ from: from - room, to: to + room }, width);
  const bars = visits.map(({ visitId, startedAt, lastEventAt, status, eventCount, why }) => {
    const x = scale.x(startedAt);
    const wide = Math.max(4, scale.x(lastEventAt) - x);
    const label = `${count(eventCount)} events from ${clock(startedAt)} to ${clock(lastEventAt)}; ${why}`;
    return s(
      'a',
      { class: 'visit', href: `#/visit/${visitId}`, 'aria-label': label },
      s('rect', { class: 'hit', x: x - 4, y: LINE - 14, width: wide + 8, height: 28 }),
      s('rect', { class: `bar ${status}`, x, y: LINE - 5, width: wide, height: 10, rx: 2 }),
      s('title', {}, label),
    );
  });
  replaceChildren(svg, ticks(scale), s('line', { class: 'base', x1: 0, x2: width, y1: LINE, y2: LINE }), bars);
}
