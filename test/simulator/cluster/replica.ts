/** What one broker has of a partition: its log, and the state of each producer by that log. */
import type { SentBatch } from './batch.ts';
import { Refused } from './refused.ts';

interface Batch extends SentBatch {
  readonly kind: 'batch';
  readonly offset: number;
}

/** Ends a transaction in this partition. */
export interface Marker {
  readonly kind: 'marker';
  readonly offset: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly commit: boolean;
}

/** One object each, in whatever replicas it is: so it is known again. */
export type Entry = Batch | Marker;

/** Batches of a producer by which a broker knows one that comes again. */
const REMEMBERED = 5;
const SEQUENCES = 2 ** 31;

interface Producer {
  epoch: number;
  /** The last ones of this epoch. */
  batches: Batch[];
  /** Whether it has a transaction with records here. */
  open: boolean;
}

export class Replica {
  readonly entries: Entry[] = [];
  #producers = new Map<number, Producer>();

  /** Offset of what comes next. */
  get end(): number {
    const last = this.entries.at(-1);
    return last === undefined ? 0 : last.offset + (last.kind === 'batch' ? last.records.length : 1);
  }

  append(entry: Entry): void {
    this.entries.push(entry);
    this.#learn(entry);
  }

  /** Becomes what the leader has. */
  follow(leader: Replica): void {
    const { entries } = this;
    let same = Math.min(entries.length, leader.entries.length);
    while (same > 0 && entries[same - 1] !== leader.entries[same - 1]) same -= 1;
    if (same < entries.length) {
      entries.length = same;
      this.#producers = new Map();
      for (const entry of entries) this.#learn(entry);
    }
    for (const entry of leader.entries.slice(same)) this.append(entry);
  }

  isOpen(producerId: number): boolean {
    return this.#producers.get(producerId)?.open ?? false;
  }

  /** @returns the same batch, if it is here already. @throws Refused where the batch does not come next. */
  find({ producerId, producerEpoch, firstSequence, records }: SentBatch): Entry | null {
    const known = this.#producers.get(producerId);
    if (known === undefined) return null;
    if (producerEpoch < known.epoch) throw new Refused('INVALID_PRODUCER_EPOCH');
    const batches = producerEpoch === known.epoch ? known.batches : [];
    const same = batches.find((one) => one.firstSequence === firstSequence && one.records.length === records.length);
    if (same !== undefined) return same;
    const last = batches.at(-1);
    const next = last === undefined ? 0 : (last.firstSequence + last.records.length) % SEQUENCES;
    if (firstSequence !== next) throw new Refused('OUT_OF_ORDER_SEQUENCE_NUMBER');
    return null;
  }

  #learn(entry: Entry): void {
    const { producerId, producerEpoch } = entry;
    let known = this.#producers.get(producerId);
    if (known === undefined || known.epoch < producerEpoch) {
      known = { epoch: producerEpoch, batches: [], open: false };
      this.#producers.set(producerId, known);
    }
    known.open = entry.kind === 'batch' && entry.transactional;
    if (entry.kind === 'marker') return;
    known.batches.push(entry);
    if (known.batches.length > REMEMBERED) known.batches.shift();
  }
}
