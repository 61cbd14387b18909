/** A world for tests of processors: nothing befalls it but what a test does, and no request takes any time. */
import type { Rules } from '../../src/core/rules/rules.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import { TOPIC } from './names.ts';
import type { Schemas } from './surroundings.ts';
import { steady } from './weather.ts';
import { World } from './world.ts';

/** Schema ids that records name: the registry knows the one, and not the other. What they hold is read all the same. */
const KNOWN = 1;
const UNKNOWN = 2;

const SCHEMAS: Schemas = {
  schemaIdOf: ({ offset }: RawRecord) => [null, KNOWN, UNKNOWN][offset % 3]!,
  writerSchema: async (id) => (id === KNOWN ? '"bytes"' : null),
};

interface Wanted {
  readonly partitions?: number;
  readonly seed?: number;
  readonly clockMargin?: number;
}

export function calmWorld(rules: Rules, { partitions = 1, seed = 1, clockMargin }: Wanted = {}): World {
  const limits = { commitInterval: 500, commitMaxBytes: 2_000, outboxMaxBytes: 4_000 };
  const setup = {
    seed,
    // Later than the records that tests append with a time of their own.
    start: Date.UTC(2026, 0, 2),
    partitions,
    idleBytes: 40_000,
    outputs: { output: partitions, 'dead-letter': partitions, late: partitions },
    batchBytes: 1_000_000,
    patience: 3_000,
    transactionTimeout: 15_000,
    batch: 500,
    learns: 0,
    schemas: SCHEMAS,
    settings: { topic: TOPIC, rules, ...limits, clockMargin: clockMargin ?? null, start: 'earliest' as const },
  };
  return new World(setup, steady({}), null, true);
}
