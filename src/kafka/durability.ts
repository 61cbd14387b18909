import type { TopicDescription } from './topics.ts';

/** What docs/GUARANTEES.md takes for granted of the input and of what is written (A1, A5). */
const REPLICAS = 3;
const IN_SYNC = 2;

/**
 * The ways in which a topic may lose records that it acknowledged, a phrase each; none where it is as the guarantees
 * need it. Settings that this user may not read are passed over.
 */
export function durabilityGaps({ replicas, config }: TopicDescription): string[] {
  const gaps: string[] = [];
  if (replicas < REPLICAS) gaps.push(`${replicas === 1 ? '1 replica' : `${replicas} replicas`} instead of ${REPLICAS}`);
  const inSync = config?.['min.insync.replicas'];
  if (inSync && Number(inSync) < IN_SYNC) gaps.push(`min.insync.replicas ${inSync} instead of ${IN_SYNC}`);
  if (inSync && Number(inSync) >= replicas && replicas > 1) {
    gaps.push(`min.insync.replicas ${inSync} of ${replicas} replicas: one broker away and nothing can be written`);
  }
  if (config?.['unclean.leader.election.enable'] === 'true') gaps.push('unclean.leader.election.enable true');
  return gaps;
}
