import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { reference } from './reference.ts';
import { cutTo, inScenarioForm, readScenario, rulesOf, SCENARIO_SOURCE, stepsOf } from './scenario.ts';

const SCENARIOS = join(import.meta.dirname, '..', 'scenarios');

function filesIn(directory: string): string[] {
  return readdirSync(join(SCENARIOS, directory))
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => join(directory, file));
}

test('all 42 scenarios that were given are there', () => {
  expect(filesIn('given')).toHaveLength(42);
});

describe('the reference gives the right answer of every scenario', () => {
  test.each([...filesIn('given'), ...filesIn('own')])('%s', (file) => {
    const scenario = readScenario(join(SCENARIOS, file));
    const steps = stepsOf(scenario.log);
    const said = inScenarioForm(reference(rulesOf(scenario.config), SCENARIO_SOURCE, steps), steps);
    expect(cutTo(scenario.expect, said)).toEqual(scenario.expect);
  });
});
