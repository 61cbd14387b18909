import type { Outcome } from '../core/outcome.ts';
import { Partition } from '../core/partition.ts';
import type { LogRecord } from '../core/rules/event.ts';
import type { Rules } from '../core/rules/rules.ts';
import type { VisitEnded } from '../core/rules/visit-ended.ts';
import { PartitionTables, prepare } from './tables.ts';
import { type ProfileView, profilesOf, type SessionView, sessionsOf, type VisitView, visitsOf } from './views.ts';

/**
 * One partition, folded into memory with a commit after every step: each record finds of ended visits what a store gives
 * back, as in `tidemark run`.
 */
export class MemoryFold {
  /** All messages so far, in order. */
  readonly published: VisitEnded[] = [];
  private readonly tables = new PartitionTables();
  private readonly views: ReadonlyMap<number, PartitionTables>;
  private readonly partition: Partition<null>;

  constructor(rules: Rules, source: { readonly topic: string; readonly partition: number }) {
    this.views = new Map([[source.partition, this.tables]]);
    this.partition = new Partition<null>(rules, source, structuredClone(this.tables.state), []);
  }

  get nextOffset(): number {
    return this.partition.nextOffset;
  }

  /**
   * @param onOutcome is given what became of each event, in order, while its visit may still be asked.
   * @throws where the record was folded before.
   */
  fold(record: LogRecord<null>, onOutcome: (outcome: Outcome) => void): void {
    const lookup = this.partition.prepare([record]);
    if (lookup !== null) this.partition.admit(this.tables.history(lookup));
    for (const outcome of this.partition.fold(record)) onOutcome(outcome);
    this.partition.endDue();
    this.commit();
  }

  /** Ends what is due by a clock, ms, for a partition from which no more records come. */
  endDue(clock: number): void {
    this.partition.endDue(clock);
    this.commit();
  }

  visits(): VisitView[] {
    return visitsOf(this.views);
  }

  sessions(): SessionView[] {
    return sessionsOf(this.views);
  }

  profiles(): ProfileView[] {
    return profilesOf(this.views);
  }

  private commit(): void {
    const { changes, inCommit } = this.partition.take();
    const { emissions } = changes;
    // No publisher reads the outbox here, but its sequences have to add up.
    const next = changes.state.sequence;
    const outbox = emissions.length > 0 ? { first: emissions[0]!.sequence, next, payload: Buffer.alloc(0) } : null;
    const prepared = prepare<null>({
      changes,
      amendableUntil: (visit) => this.partition.amendableUntil(visit),
      outbox,
      lastRecord: null,
      published: next,
      writerSchemas: [],
    });
    this.tables.check(prepared);
    this.tables.write(prepared);
    this.partition.settle(inCommit);
    for (const emission of emissions) if (emission.kind === 'output') this.published.push(emission.message);
  }
}
