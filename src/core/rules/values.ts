/**
 * What a visit says of its events, each value declared here and nowhere else. `npm run values` writes from it, and from
 * the two schemas: the memory of a visit and of its events, how a visit takes an event and another visit, its row, its
 * stored state, its message, and the names that commands and the console show.
 *
 * Invariant: each value carries the event that it comes from, and is replaced by that of an earlier or later event
 * only. So it does not depend on the order in which events are taken, and a replay gives the same.
 *
 * A new value is added at the end of its list: the stored state counts on the order.
 */

/** Bytes that a text takes at most in UTF-8: an id is refused beyond it, any other text is cut. */
export const [ID_BYTES, TEXT_BYTES] = [128, 2_048];

/** Values that come from one event together: the first, or the last, that names them. */
interface ValueGroup {
  readonly name: string;
  readonly pick: 'first' | 'last';
  /** The field of `TrackEvent` that is null where the event does not name them. */
  readonly when: string;
  readonly values: readonly Value[];
}

interface Value {
  /** The name in code, commands and console; the same in snake case in columns and messages. */
  readonly name: string;
  /** The field of `TrackEvent` that it is. */
  readonly of: string;
  /** Bytes. */
  readonly bound: number;
  /** As people read it. */
  readonly label: string;
  /** Names of its texts behind its own, in order, where it is several. */
  readonly parts?: readonly string[];
  /** What commands show it as a part of; left out: they show it by themselves. */
  readonly shownIn?: string;
  /** Whether visits seldom have the same: then it is not looked up among those that were read before. */
  readonly isOwn?: boolean;
}

export const VALUE_GROUPS = [
  {
    name: 'profile',
    pick: 'last',
    when: 'profileId',
    values: [{ name: 'profileId', of: 'profileId', bound: ID_BYTES, label: 'profile', isOwn: true }],
  },
  {
    name: 'source',
    pick: 'first',
    when: 'sourceId',
    values: [{ name: 'sourceId', of: 'sourceId', bound: ID_BYTES, label: 'source' }],
  },
  {
    name: 'entry',
    pick: 'first',
    when: 'page',
    values: [
      { name: 'entryPage', of: 'page', bound: TEXT_BYTES, label: 'entry page' },
      { name: 'referrer', of: 'referrer', bound: TEXT_BYTES, label: 'referrer', shownIn: 'referrer' },
    ],
  },
  {
    name: 'exit',
    pick: 'last',
    when: 'page',
    values: [{ name: 'exitPage', of: 'page', bound: TEXT_BYTES, label: 'exit page' }],
  },
  {
    name: 'utm',
    pick: 'first',
    when: 'utm',
    values: [
      {
        name: 'utm',
        of: 'utm',
        bound: TEXT_BYTES,
        label: 'utm',
        shownIn: 'campaign',
        parts: ['source', 'medium', 'campaign', 'term', 'content'],
      },
    ],
  },
] as const satisfies readonly ValueGroup[];

interface NamedValue {
  readonly name: string;
  /** Where it stands in the event's context. */
  readonly of: readonly [field: string, key?: string];
  readonly bound: number;
  readonly label: string;
  /** What it is shown as a part of. */
  readonly shownIn: string;
}

/**
 * Each from the first event that names it. Most events of a session name the same, so an event has them as one array,
 * `TrackEvent.named`, which a visit shares while it is all that was named.
 */
export const NAMED_VALUES = [
  { name: 'deviceType', of: ['device', 'type'], bound: TEXT_BYTES, label: 'device type', shownIn: 'device' },
  { name: 'deviceBrand', of: ['device', 'brand'], bound: TEXT_BYTES, label: 'device brand', shownIn: 'device' },
  { name: 'deviceModel', of: ['device', 'model'], bound: TEXT_BYTES, label: 'device model', shownIn: 'device' },
  { name: 'os', of: ['device', 'os'], bound: TEXT_BYTES, label: 'os', shownIn: 'device' },
  { name: 'browser', of: ['device', 'browser'], bound: TEXT_BYTES, label: 'browser', shownIn: 'device' },
  { name: 'country', of: ['location', 'country'], bound: TEXT_BYTES, label: 'country', shownIn: 'place' },
  { name: 'region', of: ['location', 'region'], bound: TEXT_BYTES, label: 'region', shownIn: 'place' },
  { name: 'city', of: ['location', 'city'], bound: TEXT_BYTES, label: 'city', shownIn: 'place' },
  { name: 'language', of: ['language'], bound: TEXT_BYTES, label: 'language', shownIn: 'language' },
] as const satisfies readonly NamedValue[];
