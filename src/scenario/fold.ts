import type { VisitEnded } from '../core/changes.ts';
import type { Entry, LogRecord } from '../core/event.ts';
import { type Outcome, Partition } from '../core/partition.ts';
import { MemoryStore } from '../memory/store.ts';
import type { ProfileView, VisitView } from '../memory/views.ts';
import type { Lease } from '../processor/ports.ts';
import type { DecodedEvent } from '../wire/decoded.ts';
import { undecodable } from '../wire/refusal.ts';
import { toEvent } from '../wire/track-event.ts';
import { rulesOfScenario, type Scenario, type ScenarioEvent } from './format.ts';

/** What the fold and the store have to say when the log is at its end. */
export interface Answer {
  /** In order of opening; merged-away ones absent. */
  readonly visits: readonly VisitView[];
  /** In order. */
  readonly published: readonly VisitEnded[];
  readonly profiles: readonly ProfileView[];
  readonly outcomes: readonly Outcome[];
  /** Id of the event that opened a visit, by visit id. */
  readonly openedBy: ReadonlyMap<string, string>;
}

const TOPIC = 'tracks';
const PARTITION = 0;

/**
 * The log through the core and the in-memory store, with a commit after every step: each record finds of ended visits
 * what the store gives back, as in `tidemark run`.
 */
export async function foldScenario(scenario: Scenario): Promise<Answer> {
  const store = new MemoryStore<null>();
  const lease = await store.takeOver(PARTITION);
  const rules = rulesOfScenario(scenario);
  const partition = new Partition<null>(rules, { topic: TOPIC, partition: PARTITION }, lease.state, lease.open);
  const published: VisitEnded[] = [];
  const outcomes: Outcome[] = [];
  const openedBy = new Map<string, string>();
  let offset = 0;
  for (const step of scenario.log) {
    if ('now' in step) {
      partition.endDue(step.now);
    } else {
      const record = { offset, timestamp: step.arrives, entries: [entryOf(step.event, step.arrives)], raw: null };
      offset += 1;
      await admit(partition, lease, record);
      const folded = partition.fold(record);
      outcomes.push(...folded);
      // Now: once a commit is settled, a visit may be asked for nothing.
      for (const outcome of folded) if (outcome.kind === 'started') openedBy.set(outcome.visit.id, outcome.eventId);
      partition.endDue();
    }
    published.push(...(await commit(partition, lease)));
  }
  return { visits: store.visits(), published, profiles: store.profiles(), outcomes, openedBy };
}

function entryOf(event: ScenarioEvent | null, arrives: number): Entry {
  if (event === null) return undecodable('the scenario says that this record cannot be decoded');
  return toEvent(event as DecodedEvent, { timestamp: arrives, receivedAtHeader: null }, { keepProperties: false });
}

async function admit(partition: Partition<null>, lease: Lease<null>, record: LogRecord<null>): Promise<void> {
  const lookup = partition.lookup([record]);
  if (lookup !== null) partition.admit(await lease.history(lookup));
}

async function commit(partition: Partition<null>, lease: Lease<null>): Promise<VisitEnded[]> {
  const { changes, held } = partition.take();
  const { emissions } = changes;
  // Nobody reads the outbox here, but its sequences have to add up.
  const next = changes.state.sequence;
  const outbox = emissions.length > 0 ? { first: emissions[0]!.sequence, next, payload: Buffer.alloc(0) } : null;
  await lease.commit({
    changes,
    amendableUntil: (visit) => partition.amendableUntil(visit),
    outbox,
    lastRecord: null,
    published: next,
    writerSchemas: [],
  });
  partition.settle(held);
  return emissions.flatMap((emission) => (emission.kind === 'output' ? [emission.message] : []));
}
