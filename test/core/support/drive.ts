/**
 * Runs a log through the real core and the in-memory store as a processor would: looks sessions up in batches, commits
 * where a plan says, lets commits be under way while the fold goes on, and loses all memory.
 */

import type { Emission, PartitionState } from '../../../src/core/changes.ts';
import { idleMemory } from '../../../src/core/memory/stored-summaries.ts';
import type { Outcome } from '../../../src/core/outcome.ts';
import { Partition } from '../../../src/core/partition.ts';
import type { LogRecord } from '../../../src/core/rules/event.ts';
import type { Rules } from '../../../src/core/rules/rules.ts';
import type { Revision } from '../../../src/core/rules/visit-ended.ts';
import { MemoryStore } from '../../../src/memory/store.ts';
import type { ProfileView as StoredProfile } from '../../../src/memory/views.ts';
import type { Commit, Lease } from '../../../src/ports/store.ts';
import type { ProfileView } from '../../reference/profiles.ts';
import type { EventOutcome, Fate, Source, Step } from '../../reference/reference.ts';
import { compareBytes, type VisitView } from '../../reference/visits.ts';

export const SOURCE: Source = { topic: 'tracks', partition: 3 };

/** What happens after one step of the log. Where a plan is shorter than the log, nothing happens. */
export interface Turn {
  /** How many records the next look-up is for. */
  readonly ahead: number;
  /** When, within a look-up, a commit that is under way lands. */
  readonly landing: 'not' | 'before the read' | 'after the read';
  readonly commit: 'none' | 'done' | 'under way';
  /** All memory is lost; a commit that was under way has reached the store, or not. */
  readonly crash: 'none' | 'commit lost' | 'commit landed';
  /** How many visits end at most before the next commit; 0: no question is asked here. */
  readonly endAtMost: number;
  /** Whether a filter of the sessions in the store is begun, or filled and put to use. */
  readonly filter: 'none' | 'begin' | 'use';
  /** Memory for sessions without an open visit, from the next take-over on. */
  readonly idleBytes: number;
}

const QUIET: Turn = {
  ...{ ahead: 1, landing: 'not', commit: 'none', crash: 'none', endAtMost: 0, filter: 'none', idleBytes: 0 },
};

/** What the store holds in the end. */
export interface Outcomes {
  readonly visits: readonly VisitView[];
  readonly profiles: readonly ProfileView[];
  readonly emissions: readonly Emission<string>[];
  readonly revisions: readonly Revision[];
  readonly outcomes: readonly EventOutcome[];
  readonly state: PartitionState;
}

type AtCommit = (store: MemoryStore<string>, partition: Partition<string>) => void;

export async function drive(
  rules: Rules,
  log: readonly Step<string>[],
  plan: readonly Turn[] = [],
  atCommit: AtCommit = () => {},
): Promise<Outcomes> {
  const run = new Run(rules, log, atCommit);
  run.idleBytes = plan[0]?.idleBytes ?? 0;
  await run.takeOver();
  let turns = 0;
  while (run.position < log.length) {
    const turn = plan[turns++] ?? QUIET;
    await run.step(turn.ahead, turn.landing);
    if (turn.filter === 'begin') run.beginFilter();
    if (turn.filter === 'use') run.useFilter();
    run.idleBytes = turn.idleBytes;
    if (turn.endAtMost > 0) run.partition.endDue(null, turn.endAtMost);
    if (turn.commit !== 'none') await run.commit();
    if (turn.commit === 'done') await run.landed();
    if (turn.crash !== 'none') await run.crash(turn.crash === 'commit landed');
  }
  run.partition.endDue();
  await run.commit();
  await run.landed();
  return run.outcomes();
}

class Run {
  position = 0;
  idleBytes = 0;
  partition!: Partition<string>;

  private readonly rules: Rules;
  private readonly log: readonly Step<string>[];
  private readonly atCommit: AtCommit;
  private readonly store: MemoryStore<string>;
  private readonly decided = new Map<number, Outcome[]>();
  private lease!: Lease<string>;
  private filling: ReturnType<Partition<string>['beginFilter']> = null;
  /** Steps before this one are folded in what the store holds. */
  private committed = 0;
  /** Records before this step have had their sessions looked up. */
  private lookedUp = 0;
  private gate: { readonly open: () => void; readonly lose: (error: Error) => void } | null = null;
  private underWay: { readonly done: Promise<void>; readonly settle: () => void } | null = null;

  constructor(rules: Rules, log: readonly Step<string>[], atCommit: AtCommit) {
    this.rules = rules;
    this.log = log;
    this.atCommit = atCommit;
    this.store = new MemoryStore({ reach: (point) => (point === 'commit' ? this.wait() : undefined) });
  }

  async takeOver(): Promise<void> {
    this.lease = await this.store.takeOver(SOURCE.partition);
    const idle = idleMemory(this.idleBytes);
    this.partition = new Partition(this.rules, SOURCE, this.lease.state, this.lease.open, idle);
    this.filling = null;
    this.position = this.committed;
    this.lookedUp = this.committed;
  }

  /** What the store holds now is read; what leaves memory later has to come into the filter by itself. */
  beginFilter(): void {
    const filling = this.partition.beginFilter();
    if (filling === null) return;
    this.filling = filling;
    for (const visit of this.store.visits()) if (visit.ended) filling.add(visit.sessionId);
  }

  useFilter(): void {
    this.filling?.use();
  }

  async step(ahead: number, landing: Turn['landing']): Promise<void> {
    const step = this.log[this.position]!;
    if ('now' in step) {
      this.partition.endDue(step.now);
    } else {
      await this.lookUp(ahead, landing);
      this.decided.set(step.record.offset, this.partition.fold(step.record));
    }
    this.position += 1;
  }

  /** Takes the changes and starts a commit, once the one before has landed. */
  async commit(): Promise<void> {
    await this.landed();
    const { partition, position } = this;
    const { changes, inCommit } = partition.take();
    const next = changes.state.sequence;
    const first = next - changes.emissions.length;
    const payload = Buffer.from(JSON.stringify(changes.emissions));
    const commit: Commit<string> = {
      changes,
      amendableUntil: (visit) => partition.amendableUntil(visit),
      outbox: next === first ? null : { first, next, payload },
      lastRecord: null,
      published: 0,
      writerSchemas: [],
    };
    const settle = () => {
      this.committed = position;
      partition.settle(inCommit);
      this.atCommit(this.store, partition);
    };
    this.underWay = { done: this.lease.commit(commit), settle };
  }

  async landed(): Promise<void> {
    if (this.underWay === null) return;
    const { done, settle } = this.underWay;
    this.underWay = null;
    this.gate?.open();
    await done;
    settle();
  }

  async crash(landed: boolean): Promise<void> {
    if (this.underWay !== null) {
      const { done, settle } = this.underWay;
      if (landed) {
        this.gate?.open();
        await done;
        settle();
      } else {
        this.gate?.lose(new Error('lost on its way'));
        await done.catch(() => {});
      }
      this.underWay = null;
    }
    await this.takeOver();
  }

  outcomes(): Outcomes {
    const { store } = this;
    return {
      visits: visitsOf(store),
      profiles: store.profiles().map(asProfile),
      emissions: store.outboxRows(SOURCE.partition).flatMap((row) => JSON.parse(row.payload.toString('utf8'))),
      revisions: store.revisions(),
      outcomes: [...this.decided].sort(([a], [b]) => a - b).flatMap(([offset, each]) => each.map(asOutcome(offset))),
      state: store.state(SOURCE.partition)!,
    };
  }

  private async lookUp(ahead: number, landing: Turn['landing']): Promise<void> {
    if (this.position < this.lookedUp) return;
    const records: LogRecord<string>[] = [];
    let to = this.position;
    for (; to < this.log.length && records.length < Math.max(1, ahead); to++) {
      const step = this.log[to]!;
      // What is folded later need not be the very objects that were looked up.
      if ('record' in step) records.push(ahead % 4 === 3 ? copyOf(step.record) : step.record);
    }
    this.lookedUp = to;
    const lookup = this.partition.prepare(records);
    if (lookup === null) return;
    if (landing === 'before the read') await this.landed();
    const found = await this.lease.history(lookup);
    if (landing === 'after the read') await this.landed();
    this.partition.admit(found);
  }

  private wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.gate = { open: resolve, lose: reject };
    });
  }
}

function copyOf(record: LogRecord<string>): LogRecord<string> {
  return { ...record, entries: record.entries.map((entry) => ({ ...entry })) };
}

/** The store's visits, with their events, in the reference's form. */
export function visitsOf(store: MemoryStore<string>): VisitView[] {
  return store.visits().map((row) => ({
    id: row.id,
    sessionId: row.sessionId,
    debug: row.debug,
    openedOffset: row.openedOffset,
    openedIndex: row.openedIndex,
    startedAt: row.startedAt,
    lastEventAt: row.lastEventAt,
    lastArrival: row.lastArrival,
    ended: row.ended,
    published: row.published,
    reason: row.reason,
    seal: row.seal,
    endedWatermark: row.ended ? row.endedWatermark : null,
    eventCount: row.eventCount,
    pageViewCount: row.pageViewCount,
    lateEventCount: row.lateEventCount,
    profileId: row.profileId,
    sourceId: row.sourceId,
    entryPage: row.entryPage,
    referrer: row.referrer,
    exitPage: row.exitPage,
    utm: row.utm,
    named: row.named,
    context: row.context.map(([key, stamp]) => [key, stamp.value] as const).sort(([a], [b]) => compareBytes(a, b)),
    types: [...row.types].sort(([a], [b]) => compareBytes(a, b)),
    events: store
      .visitEvents(row.id)
      .map(({ eventId, type, t, page, properties }) => ({ eventId, type, t, page, properties })),
  }));
}

function asProfile(view: StoredProfile): ProfileView {
  const { profileId, visitCount, sessionCount, eventCount, pageViewCount, durationMs } = view;
  const { firstSeenAt, lastSeenAt, traits } = view;
  return {
    profileId,
    visitCount,
    sessionCount,
    eventCount,
    pageViewCount,
    durationMs,
    firstSeenAt,
    lastSeenAt,
    traits,
  };
}

function asOutcome(offset: number): (outcome: Outcome, index: number) => EventOutcome {
  return (outcome, index) => {
    const fate: Fate = outcome.kind === 'dead' ? outcome.reason : outcome.kind;
    return { offset, index, eventId: outcome.eventId, fate };
  };
}
