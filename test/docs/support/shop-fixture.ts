/**
 * The simulated shop's traffic of some days up to now, folded by the core into the tables of a schema, as `run` does it:
 * visits ended and open, late events, resends and debug traffic, and each day a session whose visits a late event
 * amends, and one whose visits a late event merges.
 */

import { Partition } from '../../../src/core/partition.ts';
import type { LogRecord } from '../../../src/core/rules/event.ts';
import { DEFAULT_RULES } from '../../../src/core/rules/rules.ts';
import type { Lease } from '../../../src/ports/store.ts';
import type { PostgresStore } from '../../../src/postgres/store.ts';
import { DEFAULT_TRAFFIC, type SimulatedEvent, traffic } from '../../../src/simulate/traffic.ts';
import { decode, type PlainEvent } from '../../reference/decode.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const { gap } = DEFAULT_RULES;
const PARTITIONS = 2;
/** Records between two commits. */
const COMMIT = 200;

/** A record that was written. `event: null` cannot be read. */
export interface Written {
  readonly at: number;
  readonly event: SimulatedEvent | null;
}

/** Records of so many days up to that of `until`. */
export function recordsOf(seed: number, until: number, days: number): Written[] {
  const startAt = until - days * DAY;
  const written: Written[] = [];
  for (const record of traffic({ ...DEFAULT_TRAFFIC, seed, startAt, gap, rate: 0.01, profiles: 60, late: 0.03 })) {
    if (record.delay > days * DAY) break;
    written.push({ at: startAt + record.delay, event: 'event' in record ? record.event : null });
  }
  for (let day = 0; day < days; day++) written.push(...late(written, day, startAt + day * DAY + 9 * 60 * MINUTE));
  return written.sort((a, b) => a.at - b.at);
}

/** Records of a visit that is amended twice, and of two that become one, so that one of those is retracted. */
function* late(like: readonly Written[], day: number, from: number): Generator<Written> {
  const model = like.find(({ event }) => event !== null)!.event!;
  const of = (session: string, i: number, t: number, at: number): Written => ({
    at,
    event: {
      ...{ ...model, debug: false, sent_at: null, profile_id: `late-${day % 3}`, type: 'page-view' },
      ...{ event_id: `${session}-${day}-${i}`, session_id: `${session}-${day}`, occurred_at: t },
    },
  });
  yield of('amended', 0, from, from);
  yield of('amended', 1, from + 10 * MINUTE, from + 60 * MINUTE);
  yield of('amended', 2, from - 10 * MINUTE, from + 200 * MINUTE);
  yield of('merged', 0, from, from);
  yield of('merged', 1, from + 1.8 * gap, from + 1.8 * gap);
  yield of('merged', 2, from + 0.9 * gap, from + 300 * MINUTE);
}

/** Folds records into a store, partition by partition; commits as it goes. */
export class ShopFixture {
  readonly #partitions: { readonly fold: Partition<null>; readonly lease: Lease<null>; next: number }[] = [];

  static async open(store: PostgresStore<null>): Promise<ShopFixture> {
    const shop = new ShopFixture();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const lease = await store.takeOver(partition);
      const source = { topic: 'tracks', partition };
      shop.#partitions.push({
        fold: new Partition<null>(DEFAULT_RULES, source, lease.state, lease.open),
        lease,
        next: 0,
      });
    }
    return shop;
  }

  /** @param now ms: the time at the end of the log; visits that are due by then end. */
  async fold(written: readonly Written[], now: number): Promise<void> {
    for (const [index, { fold, lease }] of this.#partitions.entries()) {
      const mine = written.filter(({ event }, i) => partitionOf(event?.session_id ?? String(i)) === index);
      for (let at = 0; at < mine.length; at += COMMIT) {
        const records = mine.slice(at, at + COMMIT).map((one) => this.#record(index, one));
        const lookup = fold.prepare(records);
        if (lookup !== null) fold.admit(await lease.history(lookup));
        for (const record of records) fold.fold(record);
        await commit(fold, lease);
      }
      fold.endDue(now);
      await commit(fold, lease);
    }
  }

  #record(index: number, { at, event }: Written): LogRecord<null> {
    const offset = this.#partitions[index]!.next++;
    return { offset, timestamp: at, entries: [decode(event as PlainEvent | null, at)], raw: null };
  }
}

function partitionOf(session: string): number {
  return [...session].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % PARTITIONS;
}

async function commit(fold: Partition<null>, lease: Lease<null>): Promise<void> {
  const { changes, inCommit } = fold.take();
  const next = changes.state.sequence;
  const first = next - changes.emissions.length;
  await lease.commit({
    changes,
    amendableUntil: (visit) => fold.amendableUntil(visit),
    // Nothing reads the outbox here, but its sequences have to add up.
    outbox: first === next ? null : { first, next, payload: Buffer.alloc(0) },
    lastRecord: null,
    published: next,
    writerSchemas: [],
  });
  fold.settle(inCommit);
}
