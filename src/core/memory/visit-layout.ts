/**
 * What a visit's record holds besides the refs of its values: see `VisitFields`, which `npm run values` writes
 * from it. Most of it changes with each event, and lies in two or three cache lines.
 */

/** The table of the store that holds a visit. */
export type StoredIn = 'open' | 'ended';

/** A number of 8 bytes, ms; `isNullable`: NaN stands for null. */
interface Time {
  readonly name: string;
  readonly doc: string;
  readonly isNullable?: boolean;
}

export const TIMES: readonly Time[] = [
  { name: 'startedAt', doc: "First event's `t`." },
  { name: 'lastEventAt', doc: "Last event's `t`." },
  { name: 'lastArrival', doc: 'Highest of the arrival clock and `t` at its accepted events.' },
  { name: 'endedWatermark', doc: 'The watermark when it last ended; null if it never did.', isNullable: true },
  { name: 'dueKey', doc: 'Key under which the timers hold it; Infinity: under none. Never stored.' },
  { name: 'watermarkKey', doc: 'As `dueKey`, of the watermarks that bring a due point forward.' },
];

/** Numbers of 4 bytes. `plus`: so much more is kept than is read, so that a record of zeros reads as `-plus`. */
interface Integer {
  readonly name: string;
  readonly doc: string;
  readonly plus?: number;
  readonly isProtected?: boolean;
  readonly isReadonly?: boolean;
}

export const INTEGERS: readonly Integer[] = [
  { name: 'eventCount', doc: 'How many events it has.' },
  { name: 'pageViewCount', doc: 'How many of them are page views.' },
  { name: 'lateEventCount', doc: 'How many of them came after a revision had been published.' },
  { name: 'published', doc: 'How many times it was published; its last revision is one less.' },
  { name: 'pendingRevision', doc: 'Index of its latest revision that no commit has taken yet; -1: none.', plus: 1 },
  { name: 'newest', doc: 'Index + 1 of its newest event that no commit has taken yet; 0: none. See `PendingEvents`.' },
  {
    name: 'newestApplied',
    doc: 'Index + 1 of the newest of those that are applied to its values; 0: none. See `applyEvents`.',
  },
  {
    name: 'refsAt',
    doc: 'Where the run of its refs begins; without meaning where it has none.',
    isProtected: true,
  },
  {
    name: 'refCount',
    doc: 'How many refs it has, from 0 on: a ref for each event that is applied and known.',
  },
];

/** Blocks of integers that the code reads as a whole. */
export const BLOCKS = [
  { name: 'ID', integers: 4, doc: "The visit's id, a UUID." },
  { name: 'MASK', integers: 4, doc: 'Two bits for each of its event ids.' },
] as const;

/** Bits of the flags. */
interface Flag {
  readonly name: string;
  readonly doc: string;
}

export const FLAGS: readonly Flag[] = [
  { name: 'ended', doc: 'Whether it has ended, as of now.' },
  { name: 'dirty', doc: 'Whether it has changed since the last commit was taken.' },
  {
    name: 'knowsIds',
    doc: 'Whether the ids of all events that are applied to its values are known: not while they have not been loaded from the store, and not needed once it is frozen.',
  },
  { name: 'mayBeLarge', doc: 'Whether `largeBytes` has to measure it. What many events share is small.' },
];

/** One of a few, in three bits of the flags. */
interface Choice {
  readonly name: string;
  readonly type: string;
  readonly doc: string;
  readonly of: readonly (string | null)[];
}

const REASONS = [null, 'explicit', 'max_duration', 'max_events', 'inactivity'];

export const CHOICES: readonly Choice[] = [
  {
    name: 'reason',
    type: 'EndReason',
    doc: 'Reason of its last published revision; null before the first.',
    of: REASONS,
  },
  {
    name: 'seal',
    type: 'Seal',
    doc: 'Why nothing is added after its last event; null: something may be.',
    of: REASONS.slice(0, 4),
  },
  {
    name: 'stored',
    type: 'StoredIn',
    doc: 'Which table of the store holds it, as of the last commit taken; null: none.',
    of: [null, 'open', 'ended'],
  },
];

/** Refs of values that are no `VALUE_GROUPS`. */
export const MORE_REFS = [
  { name: 'named', doc: 'Of all that is named, unless `namedRefs` has one for each.' },
  { name: 'context', doc: 'Of all entries in `context`, unless `contextRefs` has one for each.' },
  { name: 'contextPage', doc: '' },
  { name: 'contextUtm', doc: '' },
] as const;
