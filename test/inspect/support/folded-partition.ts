import { Partition } from '../../../src/core/partition.ts';
import { DEFAULT_RULES, type Rules } from '../../../src/core/rules/rules.ts';
import type { StateRules } from '../../../src/inspect/index.ts';
import type { Lease } from '../../../src/ports/store.ts';
import type { DecodedEvent } from '../../../src/wire/decoded.ts';
import { toEvent } from '../../../src/wire/track-event.ts';
import type { TestSchema } from '../../postgres/support/schema.ts';

export const T0 = Date.UTC(2026, 10, 5, 12);
export const MINUTE = 60_000;
export const RULES: StateRules = { ...DEFAULT_RULES, clockMargin: 5_000 };

export interface Happening {
  readonly session?: string;
  readonly type?: string;
  readonly profile?: string;
  readonly page?: string;
  readonly debug?: boolean;
  /** When it happened, ms; and when its record came, unless that is given too. */
  readonly t: number;
  readonly arrives?: number;
}

/** A partition that is folded into Postgres as `run` does it, step by step. */
export class FoldedPartition {
  readonly partition: number;
  readonly #lease: Lease<string>;
  readonly #fold: Partition<string>;
  #sequence = 0;

  private constructor(partition: number, lease: Lease<string>, rules: Rules) {
    this.partition = partition;
    this.#lease = lease;
    this.#fold = new Partition<string>(rules, { topic: 'tracks', partition }, lease.state, lease.open);
  }

  static async takeOver(schema: TestSchema, rules: Rules = RULES): Promise<FoldedPartition> {
    const partition = schema.nextPartition();
    return new FoldedPartition(partition, await schema.store().takeOver(partition), rules);
  }

  /** Folds one event and commits. @returns id of the visit that has it now, and of the event */
  async event(happening: Happening): Promise<{ readonly visitId: string; readonly eventId: string }> {
    const { session = 's', type = 'page-view', profile, page, t, arrives = t, debug = false } = happening;
    const offset = this.#fold.nextOffset;
    const decoded = {
      event_id: `${this.partition}-${offset}`,
      session_id: session,
      profile_id: profile ?? null,
      type,
      occurred_at: t,
      debug,
      ...(page === undefined ? {} : { context: { page: { path: page } } }),
    } as unknown as DecodedEvent;
    const entry = toEvent(decoded, { timestamp: arrives, receivedAtHeader: null }, { keepProperties: false });
    const record = { offset, timestamp: arrives, entries: [entry], raw: '' };
    const lookup = this.#fold.prepare([record]);
    if (lookup !== null) this.#fold.admit(await this.#lease.history(lookup));
    const [outcome] = this.#fold.fold(record);
    const visitId = outcome !== undefined && 'visit' in outcome ? outcome.visit?.id : undefined;
    this.#fold.endDue();
    await this.#commit();
    return { visitId: visitId ?? '', eventId: decoded.event_id as string };
  }

  /** Ends the visits that the clock may end while no record comes: those due before this, ms. @returns how many ended */
  async quiet(clock: number): Promise<number> {
    const ended = this.#fold.endDue(clock);
    await this.#commit();
    return ended;
  }

  /** The processor goes away. */
  async leave(): Promise<void> {
    await this.#lease.release();
  }

  async #commit(): Promise<void> {
    const { changes, inCommit } = this.#fold.take();
    const next = changes.state.sequence;
    await this.#lease.commit({
      changes,
      amendableUntil: (visit) => this.#fold.amendableUntil(visit),
      outbox: next === this.#sequence ? null : { first: this.#sequence, next, payload: Buffer.alloc(1) },
      lastRecord: null,
      published: 0,
      writerSchemas: [],
    });
    this.#sequence = next;
    this.#fold.settle(inCommit);
  }
}
