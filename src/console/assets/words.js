// Sentences about clocks and visits, in the words of docs/SEMANTICS.md.
import { clock, count, duration, relative } from './time.js';

export const PHASES = {
  running: 'running',
  'taking over': 'taking over',
  waiting: 'waiting',
  ended: 'ended',
  elsewhere: 'other instance',
  nobody: 'nobody',
};

export const PHASE_MEANS = {
  running: 'Taken over and folded by this processor.',
  'taking over': 'This processor loads its state from Postgres and compares the log.',
  waiting: 'This processor waits to take it over.',
  ended: 'Given up in order.',
  elsewhere: 'Another instance folds it. What is shown is as of its last commit.',
  nobody: 'No instance folds it: its visits do not end and its lag grows. Start tidemark run.',
};

export const REASONS = {
  inactivity: 'inactivity',
  explicit: 'explicit',
  max_duration: 'longest duration',
  max_events: 'most events',
};

export const DEAD = {
  undecodable: ['undecodable', 'The bytes are no TrackEvent that the registry’s schemas can read.'],
  invalid: ['invalid', 'It could be read, and breaks a bound: an id too long, a time before 2000.'],
  future: ['future', 'Its time lies further ahead of its record than visit.future_tolerance.'],
  visitFull: ['visit full', 'It lies within a visit that already holds twice visit.max_events.'],
  late: ['late', 'It belongs to a visit that can change no more, or is older than visit.max_age allows.'],
};

/** Sentence about one partition's clocks, at `now`. */
export function clocksText(partition, rules, now) {
  const { watermark, eventClock, arrivalClock } = partition;
  const name = `Partition ${partition.partition}`;
  if (arrivalClock === null)
    return `${name}: no record that the brokers stamped was folded yet, so its clocks have not begun.`;
  if (watermark === null) {
    return `${name}: records arrived until ${clock(arrivalClock)}, and no event of them was accepted: there is no watermark yet.`;
  }
  return (
    `${name}: the watermark is at ${clock(watermark)}: no event older than this is waited for. It stays ` +
    `${duration(rules.outOfOrderness)} behind the event clock (${clock(eventClock)}), the latest time that an ` +
    `accepted event bears. The arrival clock (${clock(arrivalClock)}, ${relative(arrivalClock, now)}) is the ` +
    'timestamp of the last record.'
  );
}

/** Sentence about a visit on the axis. */
export function barText(visit, rules, watermark, now) {
  const events = `${count(visit.events)} ${visit.events === 1 ? 'event' : 'events'}`;
  const from = `${events} from ${clock(visit.startedAt)} to ${clock(visit.lastEventAt)}.`;
  if (visit.ended) return `Ended. ${from} ${endedWord(visit)}`;
  const { due, waitsFor, seal } = visit;
  if (watermark !== null && watermark > waitsFor) {
    return `Open. ${from} The watermark has passed it: it ends when the arrival clock passes ${clock(due)}${bySilence(due, rules, now)}.`;
  }
  const why =
    seal === null ? `its last event plus the gap of ${duration(rules.gap)}` : 'its last event, for it is sealed';
  return `Open. ${from} It ends when the watermark passes ${clock(waitsFor)} (${why})${bySilence(due, rules, now)}.`;
}

/** When the visit ends if no more records come to the partition. */
function bySilence(due, { clockMargin }, now) {
  if (clockMargin === null) return `, or with the first record stamped after ${clock(due)}`;
  return `; if no more records come, at ${clock(due + clockMargin)} (${relative(due + clockMargin, now)})`;
}

function endedWord({ reason, revision }) {
  const again = revision > 0 ? ` Published ${revision + 1} times.` : '';
  return `${reason === undefined ? '' : `Reason: ${REASONS[reason] ?? reason}.`}${again}`;
}
