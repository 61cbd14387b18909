import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { SCENARIOS, scenarioFiles } from '../reference/files.ts';
import { cutTo, inScenarioForm, readScenario, rulesOf, type Scenario, stepsOf } from '../reference/scenario.ts';
import { drive, SOURCE, type Turn } from './support/drive.ts';

async function said(scenario: Scenario, plan: readonly Turn[]) {
  const steps = stepsOf(scenario.log);
  const { emissions, ...run } = await drive(rulesOf(scenario.config), steps, plan);
  const published = emissions.flatMap((emission) => (emission.kind === 'output' ? [emission.message] : []));
  return inScenarioForm({ ...run, published }, steps, SOURCE);
}

/** A commit after every step, and a new life after every commit. */
const CAREFUL: Turn = {
  ...{ ahead: 1, landing: 'not', commit: 'done', crash: 'commit landed', endAtMost: 1, filter: 'none', idleBytes: 0 },
};

describe('the core gives the right answer of every scenario, in one life or in as many as there are records', () => {
  test.each([...scenarioFiles('given'), ...scenarioFiles('own')])('%s', async (file) => {
    const scenario = readScenario(join(SCENARIOS, file));
    const { expect: right } = scenario;
    expect(cutTo(right, await said(scenario, []))).toEqual(right);
    expect(
      cutTo(
        right,
        await said(
          scenario,
          scenario.log.map(() => CAREFUL),
        ),
      ),
    ).toEqual(right);
  });
});
