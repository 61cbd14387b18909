/** Holds what the core did against the reference, and prints a log that fails so that it can be kept as a scenario. */
import { expect } from '@jest/globals';
import fc from 'fast-check';
import type { Emission } from '../../../src/core/changes.ts';
import type { Answer } from '../../reference/reference.ts';
import { reference } from '../../reference/reference.ts';
import { inScenarioForm } from '../../reference/scenario.ts';
import { type Outcomes, SOURCE } from './drive.ts';
import { type Log, rulesOfLog, stepsOfLog } from './logs.ts';

/** Runs a property: by default 1,000 logs; `FAST_CHECK_RUNS` asks for more. */
export const RUNS = Number(process.env.FAST_CHECK_RUNS ?? 1000);
/** Longest that a property may take, ms: a run takes a few, on a busy machine tens; shrinking takes its time too. */
export const LIMIT = 60_000 + RUNS * 100;

/** Asserts an async property of generated values; what fails is shrunk, and printed as scenarios by `show`. */
export async function holds<T>(
  arbitrary: fc.Arbitrary<T>,
  property: (value: T) => Promise<void> | void,
  show: (value: T) => string,
): Promise<void> {
  const details = await fc.check(
    fc.asyncProperty(arbitrary, async (value) => {
      await property(value);
    }),
    { numRuns: RUNS },
  );
  if (!details.failed) return;
  const shown = details.counterexample === null ? '' : show(details.counterexample[0]);
  const cause = details.errorInstance;
  const why = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  throw new Error(
    `after ${details.numRuns} runs, seed ${details.seed}, path ${details.counterexamplePath}\n${shown}\n${why}`,
  );
}

/** A log in the form of a scenario file, with the reference's answer. */
export function scenarioText(log: Log): string {
  const steps = stepsOfLog(log);
  const lines = log.steps.map((step) => {
    if ('now' in step) return step;
    const { arrives, stamped, events } = step;
    // The format has one event a record: where a log has more, it has to be rewritten by hand.
    return events.length === 1 ? { arrives, stamped, event: events[0] } : { arrives, stamped, events };
  });
  const expected = inScenarioForm(reference(rulesOfLog(log), SOURCE, steps), steps, SOURCE);
  const list = (of: readonly unknown[]) =>
    of.length === 0 ? '[]' : `[\n  ${of.map((each) => JSON.stringify(each)).join(',\n  ')}\n ]`;
  const expectation = Object.entries(expected).map(([key, of]) => `  ${JSON.stringify(key)}: ${list(of)}`);
  return `{
 "name": "…",
 "config": ${JSON.stringify(log.config)},
 "log": ${list(lines)},
 "expect": {
${expectation.join(',\n')}
 }
}`;
}

/** Everything that both say, in one form: what is to be the same, byte for byte. */
export function expectSame(actual: Outcomes, answer: Answer<string>): void {
  const { state } = actual;
  const said = {
    outcomes: actual.outcomes,
    emissions: actual.emissions.map(withoutWording),
    revisions: bySubject(actual.revisions),
    visits: actual.visits,
    profiles: actual.profiles,
    counts: state.counts,
    clocks: [state.eventClock, state.arrivalClock, state.anticipatedTo],
    next: [state.nextOffset, state.sequence],
  };
  const right = {
    outcomes: answer.outcomes,
    emissions: answer.emissions.map(withoutWording),
    revisions: bySubject(answer.revisions),
    visits: answer.visits.map((visit) => ({ ...visit, endedWatermark: visit.ended ? visit.endedWatermark : null })),
    profiles: answer.profiles,
    counts: answer.counts,
    clocks: [answer.eventClock, answer.arrivalClock, answer.anticipatedTo],
    next: [answer.nextOffset, answer.sequence],
  };
  same(said, right);
}

/** `expect(…).toEqual(…)`, cheap where the two are the same: properties ask it millions of times. */
export function same(actual: unknown, right: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(right)) expect(actual).toEqual(right);
}

/** The fold's own errors about an event are free in their wording; the error of a refusal is handed through. */
function withoutWording(emission: Emission<string>): Emission<string> {
  const own =
    emission.kind === 'late' || (emission.kind === 'dead-letter' && /^(future|visit_full)$/.test(emission.reason));
  return own ? { ...emission, error: '' } : emission;
}

/** Revisions have an order within a visit; across visits the table has none. */
function bySubject<T extends { readonly visitId: string; readonly revision: number }>(of: readonly T[]): T[] {
  return [...of].sort((a, b) => (a.visitId < b.visitId ? -1 : a.visitId > b.visitId ? 1 : a.revision - b.revision));
}
