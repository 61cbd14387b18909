// Times in the viewer's zone, or in UTC if that was chosen; the other one is always in the title.
import { h } from './dom.js';

const KEY = 'tidemark.zone';
let utc = read() === 'utc';
const listeners = new Set();

function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    // If storage is forbidden, the choice is lost with the page, and nothing else.
    return null;
  }
}

export function isUtc() {
  return utc;
}

export function toggleZone() {
  utc = !utc;
  try {
    localStorage.setItem(KEY, utc ? 'utc' : 'local');
  } catch {
    // Storage is forbidden, as above.
  }
  for (const listener of listeners) listener();
}

export function onZone(listener) {
  listeners.add(listener);
}

/** Like `UTC`, `Europe/Berlin`. */
export function zoneName() {
  return utc ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

const two = (n) => String(n).padStart(2, '0');

/** Year, month, day, hours, minutes, seconds, ms in the zone shown. */
function parts(ms, inUtc = utc) {
  const d = new Date(ms);
  return inUtc
    ? [
        d.getUTCFullYear(),
        d.getUTCMonth() + 1,
        d.getUTCDate(),
        d.getUTCHours(),
        d.getUTCMinutes(),
        d.getUTCSeconds(),
        d.getUTCMilliseconds(),
      ]
    : [
        d.getFullYear(),
        d.getMonth() + 1,
        d.getDate(),
        d.getHours(),
        d.getMinutes(),
        d.getSeconds(),
        d.getMilliseconds(),
      ];
}

/** `14:32:10`, with the day if it is not today. */
export function clock(ms, now = Date.now()) {
  const [y, mo, d, hh, mm, ss] = parts(ms);
  const [ty, tmo, td] = parts(now);
  const time = `${two(hh)}:${two(mm)}:${two(ss)}`;
  if (y === ty && mo === tmo && d === td) return time;
  return `${y === ty ? '' : `${y}-`}${two(mo)}-${two(d)} ${time}`;
}

/** `2026-11-23 14:32:10.123`, and the zone. */
export function full(ms, inUtc = utc) {
  const [y, mo, d, hh, mm, ss, milli] = parts(ms, inUtc);
  const zone = inUtc ? 'UTC' : zoneName();
  return `${y}-${two(mo)}-${two(d)} ${two(hh)}:${two(mm)}:${two(ss)}.${String(milli).padStart(3, '0')} ${zone}`;
}

/** `14:32`, `14:32:10` or `11-23`, depending on the step between two marks. */
export function tick(ms, step) {
  const [, mo, d, hh, mm, ss] = parts(ms);
  if (step >= 86_400_000) return `${two(mo)}-${two(d)}`;
  return `${two(hh)}:${two(mm)}${step < 60_000 ? `:${two(ss)}` : ''}`;
}

/** Minutes to add to UTC in the zone shown. */
export function offsetMinutes(ms) {
  return utc ? 0 : -new Date(ms).getTimezoneOffset();
}

/** An element that shows a moment; what is not known is a dash. */
export function at(ms, { long = false } = {}) {
  if (ms === null || ms === undefined) return h('span', { class: 'muted' }, '–');
  const other = utc ? full(ms, false) : full(ms, true);
  return h(
    'time',
    { datetime: new Date(ms).toISOString(), title: `${full(ms)}\n${other}` },
    long ? full(ms) : clock(ms),
  );
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
];

/** `1 h 5 m`, `12.3 s`, `320 ms`: two units at most. */
export function duration(ms) {
  const length = Math.abs(ms);
  for (const [i, [unit, size]] of UNITS.entries()) {
    if (length < size) continue;
    const [smaller, step] = UNITS[i + 1] ?? ['s', 1_000];
    const rest = Math.floor((length % size) / step);
    return `${Math.floor(length / size)} ${unit}${rest > 0 ? ` ${rest} ${smaller}` : ''}`;
  }
  if (length >= 10_000) return `${Math.round(length / 1_000)} s`;
  if (length >= 1_000) return `${(length / 1_000).toFixed(1)} s`;
  return `${Math.round(length)} ms`;
}

/** `in 12 s`, `3 m ago`, `now`. */
export function relative(ms, now) {
  const distance = ms - now;
  if (Math.abs(distance) < 1_000) return 'now';
  return distance > 0 ? `in ${duration(distance)}` : `${duration(distance)} ago`;
}

const grouped = new Intl.NumberFormat('en');

export function count(n) {
  return n === null || n === undefined ? '–' : grouped.format(n);
}

export function bytes(n) {
  if (n < 1_024) return `${n} B`;
  if (n < 1 << 20) return `${(n / 1_024).toFixed(1)} KB`;
  return `${(n / (1 << 20)).toFixed(1)} MB`;
}

/** A sentence of the processor with its times, which are in UTC, as elements in the zone shown. `now`: when it was made. */
export function sentence(text, now) {
  const today = new Date(now).toISOString().slice(0, 10);
  return text.split(/((?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d UTC)/).map((part, i) => {
    if (i % 2 === 0) return part;
    const [time, day = today] = part.replace(' UTC', '').split(' ').reverse();
    const ms = Date.parse(`${day}T${time}Z`);
    return Number.isNaN(ms) ? part : at(ms);
  });
}
