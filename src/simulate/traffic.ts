/**
 * Believable traffic, pure: what is written, and when, is a function of the options. Nothing here waits or sends.
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
  /** Shares of all records, 0 to 1: kept back on the device and sent later, sent twice, and unreadable. */
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
  /** `late` was kept back on the device, `resent` was written before. */
  readonly kind: 'event' | 'late' | 'resent' | 'broken';
} & ({ readonly event: SimulatedEvent } | { readonly broken: Buffer });

type Written = Simulated extends infer S ? (S extends unknown ? Omit<S, 'delay'> : never) : never;

/** What happens to be due: a visitor's next step, or an event that was kept back or is sent again. */
type Due =
  | { readonly visitor: Visitor }
  | { readonly parcel: SimulatedEvent; readonly madeAt: number; readonly kind: 'late' | 'resent' };

/** Endless: take as many as are needed. Records come evenly at the rate, in the order in which they are written. */
export function* traffic(options: TrafficOptions): Generator<Simulated, never> {
  const random = new Random(options.seed);
  const due = new Queue<Due>();
  for (let n = 0; ; n++) {
    const delay = (n * 1_000) / options.rate;
    yield { delay: Math.round(delay), ...next(delay) };
  }

  function next(delay: number): Written {
    const now = Math.round(options.startAt + delay);
    if (random.chance(options.broken)) return { key: random.uuid(), kind: 'broken', broken: unreadable(random) };
    // Whoever is due acts. If nobody is, somebody new comes: so the rate holds from the first second on.
    for (;;) {
      const item = due.nextAt <= delay ? due.take()! : { visitor: new Visitor(random, options) };
      if ('parcel' in item) {
        const { parcel, madeAt, kind } = item;
        // Sent now, by the device's own clock, if it says when it sends at all.
        const event = parcel.sent_at === null ? parcel : { ...parcel, sent_at: parcel.sent_at + now - madeAt };
        return { key: event.session_id, kind, event };
      }
      const { visitor } = item;
      const event = visitor.act(now);
      const pause = visitor.pause();
      if (pause !== null) due.add(delay + pause, item);
      if (random.chance(options.late)) {
        // The device is offline for a while; somebody else writes in its place.
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
