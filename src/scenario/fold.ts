import type { Outcome } from '../core/outcome.ts';
import type { Entry } from '../core/rules/event.ts';
import type { VisitEnded } from '../core/rules/visit-ended.ts';
import { MemoryFold } from '../memory/fold.ts';
import type { ProfileView, VisitView } from '../memory/views.ts';
import type { DecodedEvent } from '../wire/decoded.ts';
import { undecodable } from '../wire/refusal.ts';
import { toEvent } from '../wire/track-event.ts';
import { rulesOfScenario, type Scenario, type ScenarioEvent } from './format.ts';

/** What the fold and the store hold at the end of the log. */
export interface EndState {
  /** In order of opening, without visits that were merged away. */
  readonly visits: readonly VisitView[];
  /** In order. */
  readonly published: readonly VisitEnded[];
  readonly profiles: readonly ProfileView[];
  readonly outcomes: readonly Outcome[];
  /** Id of the event that opened a visit, by visit id. */
  readonly openedBy: ReadonlyMap<string, string>;
}

const SOURCE = { topic: 'tracks', partition: 0 };

/** Folds the log with the core and the in-memory store, with a commit after every step. */
export function foldScenario(scenario: Scenario): EndState {
  const fold = new MemoryFold(rulesOfScenario(scenario), SOURCE);
  const outcomes: Outcome[] = [];
  const openedBy = new Map<string, string>();
  const onOutcome = (outcome: Outcome): void => {
    outcomes.push(outcome);
    if (outcome.kind === 'started') openedBy.set(outcome.visit.id, outcome.eventId);
  };
  for (const step of scenario.log) {
    if ('now' in step) {
      fold.endDue(step.now);
    } else {
      const { arrives: timestamp, stamped, event } = step;
      const entries = [entryOf(event, timestamp)];
      fold.fold({ offset: fold.nextOffset, timestamp, stamped, entries, raw: null }, onOutcome);
    }
  }
  return { visits: fold.visits(), published: fold.published, profiles: fold.profiles(), outcomes, openedBy };
}

function entryOf(event: ScenarioEvent | null, arrives: number): Entry {
  if (event === null) return undecodable('the scenario says that this record cannot be decoded');
  return toEvent(event as DecodedEvent, { timestamp: arrives, receivedAtHeader: null }, { keepProperties: false });
}
