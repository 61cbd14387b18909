import { test } from '@jest/globals';
import { reference } from '../reference/reference.ts';
import { expectSame, holds, LIMIT, scenarioText } from './support/compare.ts';
import { drive, SOURCE } from './support/drive.ts';
import { logs, rulesOfLog, stepsOfLog } from './support/logs.ts';

test(
  'the core does on any log what the text of the semantics says',
  async () => {
    await holds(
      logs(),
      async (log) => {
        const rules = rulesOfLog(log);
        const steps = stepsOfLog(log);
        expectSame(await drive(rules, steps), reference(rules, SOURCE, steps));
      },
      scenarioText,
    );
  },
  LIMIT,
);
