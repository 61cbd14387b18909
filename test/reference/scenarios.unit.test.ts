import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { SCENARIOS, scenarioFiles } from './files.ts';
import { reference } from './reference.ts';
import { cutTo, inScenarioForm, readScenario, rulesOf, SCENARIO_SOURCE, stepsOf } from './scenario.ts';

test('all 42 scenarios that were given are there', () => {
  expect(scenarioFiles('given')).toHaveLength(42);
});

describe('the reference gives the right answer of every scenario', () => {
  test.each([...scenarioFiles('given'), ...scenarioFiles('own')])('%s', (file) => {
    const scenario = readScenario(join(SCENARIOS, file));
    const steps = stepsOf(scenario.log);
    const said = inScenarioForm(reference(rulesOf(scenario.config), SCENARIO_SOURCE, steps), steps);
    expect(cutTo(scenario.expect, said)).toEqual(scenario.expect);
  });
});
