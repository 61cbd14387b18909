// The geometry of the time axis, without a document: positions in ms and in pixels.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 28].map((n) => n * DAY),
];

/**
 * The span of the axis, ms: it ends late enough for a visit that begins now to be due within it, and begins so early that most
 * open visits began within it. It follows the wall clock; if no record of these hours was folded (a backlog, or a quiet
 * night), it follows the newest arrival clock, and the wall clock is outside of it, to the right.
 */
export function domainOf({ now, clocks, rules, zoom = 1 }) {
  const { gap, outOfOrderness, arrivalGrace } = rules;
  const ahead = Math.max(5 * SECOND, (gap + outOfOrderness + arrivalGrace) * 1.12) * zoom;
  const behind = Math.max(5 * SECOND, (gap + outOfOrderness) * 2.4) * zoom;
  const newest = Math.max(...clocks.filter((clock) => clock !== null));
  const follows = Number.isFinite(newest) && newest < now - behind * 0.9 ? newest : now;
  return { from: follows - behind, to: follows + ahead, follows: follows === now ? 'now' : 'log' };
}

export class Scale {
  constructor({ from, to }, width) {
    this.from = from;
    this.to = to;
    this.width = width;
  }

  /** Position of a time in pixels from the left, unbounded. */
  x(ms) {
    return ((ms - this.from) / (this.to - this.from)) * this.width;
  }

  /** The same, moved into the picture. */
  within(ms) {
    return Math.min(this.width, Math.max(0, this.x(ms)));
  }

  has(ms) {
    return ms >= this.from && ms <= this.to;
  }
}

/** Round moments to mark, and the step between them; at least `room` pixels apart. `offset`: minutes ahead of UTC. */
export function ticksOf(scale, room, offset = 0) {
  const least = ((scale.to - scale.from) * room) / scale.width;
  const step = STEPS.find((one) => one >= least) ?? STEPS.at(-1);
  const shift = offset * MINUTE;
  const ticks = [];
  for (let t = Math.ceil((scale.from + shift) / step) * step; t <= scale.to + shift; t += step) ticks.push(t - shift);
  return { ticks, step };
}

/**
 * Rows for spans `{ from, to }` in pixels, so that none touches another of its row; those without room in `rows` are left
 * over. A span stays in the row it had (`rowOf`) if it can: a picture whose bars jump cannot be read.
 */
export function pack(spans, rows, rowOf = () => undefined, between = 6) {
  const placed = new Map();
  const taken = Array.from({ length: rows }, () => []);
  const fits = (row, span) =>
    taken[row].every((other) => span.from >= other.to + between || span.to + between <= other.from);
  const put = (row, span) => {
    taken[row].push(span);
    placed.set(span.key, row);
  };
  const rest = [];
  for (const span of spans) {
    const row = rowOf(span.key);
    if (row !== undefined && row < rows && fits(row, span)) put(row, span);
    else rest.push(span);
  }
  let left = 0;
  for (const span of rest) {
    const row = taken.findIndex((_, i) => fits(i, span));
    if (row < 0) left += 1;
    else put(row, span);
  }
  return { placed, left };
}

/** A step between counts or shares, round in tens. `whole`: no fractions. */
export function roundStep(least, whole = false) {
  if (whole && least <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  // The product may miss a round number by the last digit.
  return [1, 2, 5, 10].map((n) => Number((n * power).toPrecision(12))).find((step) => step >= least * (1 - 1e-9));
}

/** The same between lengths of time in seconds, round on a clock. */
export function clockStep(least) {
  return least < 1
    ? roundStep(least)
    : (STEPS.find((step) => step >= least * SECOND) ?? roundStep(least) * SECOND) / SECOND;
}

/** About so many values from 0 to `most` or above it; the last is the top of the picture. `stepOf(least)` is round. */
export function valuesTo(most, about, stepOf) {
  const step = stepOf(most > 1e-6 ? most / about : 1 / about);
  const last = Math.max(1, Math.ceil(most / step - 1e-9));
  return Array.from({ length: last + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** Beginnings of the parts of a span, ms, the last of which holds `now`; parts begin in UTC. */
export function partsOf({ step, parts }, now) {
  const last = Math.floor(now / step) * step;
  return Array.from({ length: parts }, (_, i) => last - (parts - 1 - i) * step);
}
