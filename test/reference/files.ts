import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export const SCENARIOS = join(import.meta.dirname, '..', 'scenarios');

/** Scenario files of a directory under `test/scenarios`, by name, as paths from there. */
export function scenarioFiles(directory: 'given' | 'own'): string[] {
  return readdirSync(join(SCENARIOS, directory))
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => join(directory, file));
}
