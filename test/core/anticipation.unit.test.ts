import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { holds, LIMIT, same, scenarioText } from './support/compare.ts';
import { drive } from './support/drive.ts';
import { type Log, logs, type PlainStep, rulesOfLog, stepsOfLog } from './support/logs.ts';
import { plans } from './support/plans.ts';

/** Questions asked before a record: by how much, in ms, they stay behind its timestamp. */
const questions = fc.array(fc.array(fc.constantFrom(1, 2, 11, 15, 100, 10_000_000), { maxLength: 2 }), {
  maxLength: 40,
  size: 'max',
});

/** Asks what is due before records, at times that those records then prove. */
function anticipate(log: Log, asked: readonly (readonly number[])[]): Log {
  const steps = log.steps.flatMap((step, i): PlainStep[] => {
    // A record that the broker did not stamp proves none.
    if ('now' in step || step.stamped === false) return [step];
    return [...(asked[i] ?? []).map((behind) => ({ now: step.arrives - behind })), step];
  });
  return { ...log, steps };
}

test(
  'an anticipation that the next record proves changes not a byte',
  async () => {
    await holds(
      fc.tuple(logs(false), questions, plans),
      async ([log, asked, plan]) => {
        const rules = rulesOfLog(log);
        const without = await drive(rules, stepsOfLog(log));
        const withQuestions = await drive(rules, stepsOfLog(anticipate(log, asked)), plan);
        expect(withQuestions.state.counts.anticipationsWrong).toBe(0);
        same(withQuestions, without);
      },
      ([log, asked, plan]) => `${scenarioText(anticipate(log, asked))}\nplan ${JSON.stringify(plan)}`,
    );
  },
  LIMIT,
);
