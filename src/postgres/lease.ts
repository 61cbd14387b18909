import type { PartitionState } from '../core/changes.ts';
import type { Visit } from '../core/memory/visit.ts';
import { BEGIN_ANEW } from '../ports/errors.ts';
import { failpoint } from '../ports/failpoints.ts';
import type { RecordDigest } from '../ports/record.ts';
import {
  type Commit,
  Fenced,
  type HistoryQuery,
  type HistoryReach,
  type Lease,
  type OutboxRow,
  type SessionHistory,
} from '../ports/store.ts';
import { type Rows, type Statement, type Step, StepFailed } from './batch.ts';
import type { Blocks } from './blocks.ts';
import { commitSteps, FENCE } from './commit.ts';
import { readEndedSessions } from './ended-sessions.ts';
import { historySteps, readHistory } from './history.ts';
import { ACKNOWLEDGE, acknowledgeSteps, readOutbox, readOutboxSteps } from './outbox.ts';
import type { Pipeline } from './pipeline.ts';
import { KnownProfiles } from './profiles.ts';
import { makeRange, type Ranges } from './ranges.ts';
import type { Readers } from './readers.ts';
import { type SetAsideCounts, setAsideCountsOf } from './set-aside.ts';
import type { Slots } from './slots.ts';
import type { Holding } from './take-over.ts';

/** What all leases of a store share. */
export interface StoreDeps {
  readonly slots: Slots;
  readonly ranges: Ranges;
  readonly blocks: Blocks;
  readonly readers: Readers;
  /** Opens a connection for `endedSessions`. */
  readonly openStream: () => Promise<Pipeline>;
}

/**
 * A partition held through one connection of its own, on which all statements run in order; only what reads visits runs
 * on others.
 *
 * Invariant: what is expected of the partition's row is counted here, from commit to commit, and never read again: a
 * commit succeeds only on top of all commits that this lease has made, and none succeeds after the first error.
 */
export class PostgresLease<Raw> implements Lease<Raw> {
  readonly partition: number;
  readonly epoch: number;
  readonly state: PartitionState;
  readonly started: boolean;
  readonly lastRecord: RecordDigest | null;
  readonly open: Visit[];
  readonly published: number;
  readonly outboxBytes: number;
  readonly writerSchemas: ReadonlyMap<number, string>;

  readonly #pipeline: Pipeline;
  readonly #deps: StoreDeps;
  readonly #onRelease: () => void;
  readonly #streams = new Set<Pipeline>();
  readonly #profiles: KnownProfiles;
  #nextOffset: number;
  #commitNumber: number;
  #setAside: SetAsideCounts;
  /** Sequence below which the outbox holds nothing. */
  #trimmed: number;

  constructor(partition: number, holding: Holding, pipeline: Pipeline, deps: StoreDeps, onRelease: () => void) {
    this.partition = partition;
    this.epoch = holding.epoch;
    this.state = holding.state;
    this.started = holding.started;
    this.lastRecord = holding.lastRecord;
    this.open = holding.open;
    this.published = holding.published;
    this.outboxBytes = holding.outboxBytes;
    this.writerSchemas = holding.writerSchemas;
    this.#pipeline = pipeline;
    this.#deps = deps;
    this.#onRelease = onRelease;
    this.#profiles = new KnownProfiles(!holding.started);
    this.#nextOffset = holding.state.nextOffset;
    this.#commitNumber = holding.commitNumber;
    this.#setAside = setAsideCountsOf(holding.state.counts);
    this.#trimmed = 0;
  }

  async history(query: HistoryQuery): Promise<SessionHistory[]> {
    this.#pipeline.assertAlive();
    return readHistory(query, await this.#read(historySteps(query, this.partition)));
  }

  async *endedSessions(reach: HistoryReach): AsyncGenerator<readonly string[], void, undefined> {
    const pipeline = await this.#deps.openStream();
    this.#streams.add(pipeline);
    try {
      this.#pipeline.assertAlive();
      yield* readEndedSessions(pipeline, this.partition, reach);
    } finally {
      this.#streams.delete(pipeline);
      await pipeline.end(0);
    }
  }

  async commit(commit: Commit<Raw>): Promise<void> {
    const expected = {
      partition: this.partition,
      epoch: this.epoch,
      nextOffset: this.#nextOffset,
      commitNumber: this.#commitNumber,
      setAside: this.#setAside,
    };
    const { ranges, blocks, slots } = this.#deps;
    const missing = ranges.missing();
    const steps = commitSteps(commit, expected, commit.published > this.#trimmed, missing, this.#profiles, blocks);
    const months = missing.found;
    this.#nextOffset = commit.changes.state.nextOffset;
    this.#commitNumber += 1;
    this.#setAside = setAsideCountsOf(commit.changes.state.counts);
    this.#trimmed = Math.max(this.#trimmed, commit.published);
    await slots.run(() => this.#run(steps, FENCE, months.map(makeRange)));
    ranges.markMade(months);
    for (const { copy } of steps) if (copy !== undefined) blocks.release(copy.blocks);
    failpoint('store.committed');
  }

  async outbox(from: number, maxBytes: number): Promise<OutboxRow[]> {
    return readOutbox(await this.#pipeline.run(readOutboxSteps(this.partition, from, maxBytes)));
  }

  async acknowledge(published: number): Promise<void> {
    this.#trimmed = Math.max(this.#trimmed, published);
    await this.#run(acknowledgeSteps(this.partition, this.epoch, published), ACKNOWLEDGE);
  }

  async release(): Promise<void> {
    this.#onRelease();
    const streams = [...this.#streams].map((pipeline) => pipeline.end(0));
    await this.#pipeline.end(RELEASE_MS, [{ statement: GIVE_UP, values: [this.partition, this.epoch] }]);
    await Promise.all(streams);
  }

  /** Reads on another connection, and asks last whether another epoch has begun: none had when the rows were read. */
  async #read(steps: readonly Step[]): Promise<Rows[]> {
    const held = { statement: HELD, values: [this.partition, this.epoch] };
    const rows = await this.#fenced(HELD, this.#deps.readers.run([...steps, held]));
    return rows.slice(0, steps.length);
  }

  async #run(steps: Step[], fence: Statement, before: readonly string[] = []): Promise<void> {
    try {
      await this.#fenced(fence, this.#pipeline.run(steps, before));
    } catch (error) {
      // An administrator may have dropped a month: each is made anew where it is missing.
      this.#deps.ranges.clear();
      throw error;
    }
  }

  async #fenced<T>(fence: Statement, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      if (error.code === DIVISION_BY_ZERO && error.step === fence.name) {
        throw new Fenced(
          `partition ${this.partition} is not as epoch ${this.epoch} left it: another processor took it over`,
          { cause: error },
        );
      }
      if (error.code === DIVISION_BY_ZERO) {
        throw new Error(
          `partition ${this.partition}: ${error.step} met other rows than were folded, so nothing was committed. ` +
            `If this comes again after a take-over, the tables were changed by another hand: ${BEGIN_ANEW}`,
          { cause: error },
        );
      }
      throw new Error(`partition ${this.partition}: ${error.message}`, { cause: error });
    }
  }
}

const RELEASE_MS = 1_000;
const DIVISION_BY_ZERO = '22012';

const HELD: Statement = {
  name: 'lease_held',
  text: 'SELECT 1 / count(*) FROM partition_state WHERE partition = $1 AND epoch = $2',
};

const GIVE_UP: Statement = {
  name: 'give_up',
  text: `UPDATE partition_state SET owner = NULL, owner_pid = NULL, owner_started = NULL, owner_role = NULL
    WHERE partition = $1 AND epoch = $2`,
};
