import { test } from '@jest/globals';
import fc from 'fast-check';
import { reference } from '../reference/reference.ts';
import { expectSame, holds, LIMIT, scenarioText } from './support/compare.ts';
import { drive, SOURCE } from './support/drive.ts';
import { logs, rulesOfLog, stepsOfLog } from './support/logs.ts';
import { plans } from './support/plans.ts';

test(
  'batches, commits and the loss of all memory, wherever they fall, change not a byte',
  async () => {
    await holds(
      fc.tuple(logs(), plans),
      async ([log, plan]) => {
        const rules = rulesOfLog(log);
        const steps = stepsOfLog(log);
        expectSame(await drive(rules, steps, plan), reference(rules, SOURCE, steps));
      },
      ([log, plan]) => `${scenarioText(log)}\nplan ${JSON.stringify(plan)}`,
    );
  },
  LIMIT,
);
