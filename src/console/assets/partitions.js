// The table of partitions: who holds each, how far it is, and what holds it back.
import { h } from './dom.js';
import { Table } from './table.js';
import { at, bytes, count, duration } from './time.js';
import { PHASE_MEANS, PHASES } from './words.js';

export function partitionsPanel() {
  let now = 0;
  const table = new Table({
    caption: 'Partitions',
    keyOf: ({ partition }) => partition,
    empty:
      'No partition was taken over yet. The group may still be dealing them out; if this stays, look at the log of tidemark run.',
    columns: [
      { title: 'partition', num: true, cell: ({ partition }) => String(partition) },
      { title: 'phase', cell: phase },
      {
        title: 'lag',
        num: true,
        means:
          'Records between the next offset to fold and the end of the partition. Only the instance that holds it knows.',
        cell: lag,
      },
      {
        title: 'next offset',
        num: true,
        means: 'The first record that is not folded yet.',
        cell: ({ nextOffset }) => count(nextOffset),
      },
      { title: 'watermark', means: 'No event older than this is waited for.', cell: ({ watermark }) => at(watermark) },
      {
        title: 'event clock',
        means: 'The latest time that an accepted event bears.',
        cell: ({ eventClock }) => at(eventClock),
      },
      {
        title: 'arrival clock',
        means: 'The timestamp of the last record.',
        cell: ({ arrivalClock }) => at(arrivalClock),
      },
      { title: 'open', num: true, means: 'Visits that have not ended.', cell: ({ openVisits }) => count(openVisits) },
      {
        title: 'to publish',
        num: true,
        means: 'Committed to Postgres and not published yet.',
        cell: (partition) => outbox(partition, now),
      },
      { title: 'owner', cell: owner },
      {
        title: 'held back by',
        cell: (partition) => holding(partition, now),
      },
    ],
  });
  const element = h(
    'section',
    { class: 'panel', 'aria-labelledby': 'partitions-title' },
    h('div', { class: 'panel-head' }, h('h2', { id: 'partitions-title' }, 'Partitions')),
    table.element,
  );
  return {
    element,
    update: (live) => {
      now = live.at;
      table.update(live.partitions);
    },
  };
}

function phase({ phase }) {
  const kind = phase === 'nobody' ? 'bad' : phase === 'running' ? 'running' : '';
  return h('span', { class: `tag ${kind}`, title: PHASE_MEANS[phase] }, PHASES[phase]);
}

/** A wait shorter than this, ms, is normal. */
const LONG = 2_000;

function holding({ waits }, now) {
  const long = waits.find(({ since }) => now - since >= LONG);
  if (long === undefined) return '';
  return h('span', { class: 'bad wrap' }, `${long.why}, since ${duration(now - long.since)}`);
}

function lag({ lag, ours }) {
  if (lag !== null) return count(lag);
  return h('span', { class: 'muted', title: ours ? 'Not known yet' : 'The instance that holds it knows' }, '–');
}

function owner({ owner, ours, phase, at: since }) {
  if (owner === null) return h('span', { class: 'muted' }, '–');
  const note = ours ? ' (this one)' : phase === 'nobody' ? ' (gone)' : '';
  return h(
    'span',
    { title: ours ? null : `as committed at ${new Date(since).toISOString()}` },
    owner,
    h('span', { class: 'muted' }, note),
  );
}

function outbox({ outboxBytes, outboxSince }, now) {
  if (outboxBytes === 0) return '0';
  const age = outboxSince === null ? '' : `, ${duration(Math.max(0, now - outboxSince))}`;
  return `${bytes(outboxBytes)}${age}`;
}
