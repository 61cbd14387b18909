/** What a world is made with, whatever befalls it then. */
import type { PartitionSettings } from '../../src/processor/deps.ts';
import { rulesOfLog } from '../core/support/logs.ts';
import { TOPIC } from './names.ts';
import { type Plan, START } from './plan.ts';
import type { Schemas } from './surroundings.ts';

export interface Setup
  extends Pick<
    Plan,
    'seed' | 'partitions' | 'idleBytes' | 'outputs' | 'batchBytes' | 'patience' | 'transactionTimeout' | 'batch'
  > {
  /** When it begins, ms since the epoch. */
  readonly start: number;
  /** Longest that it takes until a member of the input's group learns of a new assignment, ms; 0: it is told at once. */
  readonly learns: number;
  readonly schemas: Schemas;
  readonly settings: PartitionSettings;
}

const LEARNS = 2_000;
/** Records name no schema. */
const NONE: Schemas = { schemaIdOf: () => null, writerSchema: async () => null };

export function setupOf(plan: Plan): Setup {
  const { config, outputDebug, commitInterval, commitMaxBytes, outboxMaxBytes, clockMargin } = plan;
  const rules = rulesOfLog({ config, outputDebug, steps: [] });
  const limits = { commitInterval, commitMaxBytes, outboxMaxBytes, clockMargin };
  const settings = { topic: TOPIC, rules, ...limits, start: 'earliest' as const };
  return { ...plan, start: START, learns: LEARNS, schemas: NONE, settings };
}
