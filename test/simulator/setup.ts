/** What a world is made with, whatever befalls it then. */
import type { PartitionSettings } from '../../src/processor/deps.ts';
import { rulesOfLog } from '../core/support/logs.ts';
import { TOPIC } from './names.ts';
import type { Plan } from './plan.ts';

export interface Setup
  extends Pick<
    Plan,
    'seed' | 'partitions' | 'idleBytes' | 'outputs' | 'batchBytes' | 'patience' | 'transactionTimeout' | 'batch'
  > {
  readonly settings: PartitionSettings;
}

export function setupOf(plan: Plan): Setup {
  const { config, outputDebug, commitInterval, commitMaxBytes, outboxMaxBytes, clockMargin } = plan;
  const rules = rulesOfLog({ config, outputDebug, steps: [] });
  const limits = { commitInterval, commitMaxBytes, outboxMaxBytes, clockMargin };
  return { ...plan, settings: { topic: TOPIC, rules, ...limits, start: 'earliest' } };
}
