/**
 * Believable traffic. Pure: the records, and their times, are a function of the options. Nothing here waits or sends.
 */
import { Queue } from './queue.ts';
import { Random } from './random.ts';
import { type Habits, type SimulatedEvent, Visitor } from './visitor.ts';

export type { SimulatedEvent } from './visitor.ts';

export interface TrafficOptions extends Habits {
  readonly seed: number;
  /** ms since the epoch: when the first record is written. */
  readonly startAt: number;
  /** Records a second. */
  readonly rate: number;
  /** Shares of all records, 0 to 1: sent late by the device, sent twice, and unreadable. */
  readonly late: number;
  readonly resent: number;
  readonly broken: number;
}

export const DEFAULT_TRAFFIC = {
  rate: 50,
  profiles: 500,
  late: 0.01,
  resent: 0.02,
  broken: 0.005,
  signOut: 0.2,
  debug: 0.01,
  skewed: 0.02,
} as const;

/** One record to write. */
export type Simulated = {
  /** ms after `startAt`. */
  readonly delay: number;
  /** Session id. */
  readonly key: string;
  /** The device sent `late` ones late; `resent` ones were written before. */
  readonly kind: 'event' | 'late' | 'resent' | 'broken';
} & ({ readonly event: SimulatedEvent } | { readonly broken: Buffer });

type Writable = Simulated extends infer S ? (S extends unknown ? Omit<S, 'delay'> : never) : never;

/** What can be due: a visitor's next step, or an event that is sent late or again. */
type Due =
  | { readonly visitor: Visitor }
  | { readonly parcel: SimulatedEvent; readonly madeAt: number; readonly kind: 'late' | 'resent' };

/** An endless sequence of records. They come evenly at the rate, in the order in which they are written. */
export function* traffic(options: TrafficOptions): Generator<Simulated, never> {
  const random = new Random(options.seed);
  const due = new Queue<Due>();
  for (let n = 0; ; n++) {
    const delay = (n * 1_000) / options.rate;
    yield { delay: Math.round(delay), ...next(delay) };
  }

  function next(delay: number): Writable {
    const now = Math.round(options.startAt + delay);
    if (random.chance(options.broken)) return { key: random.uuid(), kind: 'broken', broken: unreadable(random) };
    // A visitor who is due acts. If none is, a new one comes, so that the rate holds from the first second on.
    for (;;) {
      const item = due.nextAt <= delay ? due.take()! : { visitor: new Visitor(random, options) };
      if ('parcel' in item) {
        const { parcel, madeAt, kind } = item;
        // It is sent now, so a device that gives the time of sending gives the present one, by its own clock.
        const event = parcel.sent_at === null ? parcel : { ...parcel, sent_at: parcel.sent_at + now - madeAt };
        return { key: event.session_id, kind, event };
      }
      const { visitor } = item;
      const event = visitor.act(now);
      const pause = visitor.pause();
      if (pause !== null) due.add(delay + pause, item);
      if (random.chance(options.late)) {
        // The device is offline for a while; another visitor's record takes this place.
        due.add(delay + random.between(0.2, 3) * options.gap, { parcel: event, madeAt: now, kind: 'late' });
        continue;
      }
      if (random.chance(options.resent)) {
        due.add(delay + random.between(0.001, 0.2) * options.gap, { parcel: event, madeAt: now, kind: 'resent' });
      }
      return { key: event.session_id, kind: 'event', event };
    }
  }
}

/** Bytes that are no TrackEvent, each in its own way. */
function unreadable(random: Random): Buffer {
  const id = Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]);
  switch (random.below(4)) {
    case 0:
      return Buffer.alloc(0);
    case 1:
      return Buffer.from('{"this is": "not Avro"}');
    case 2:
      return Buffer.concat([id, random.bytes(40)]);
    default:
      return random.bytes(3);
  }
}
