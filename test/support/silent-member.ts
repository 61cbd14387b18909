import kafkajs from 'kafkajs';
import type { ClusterLink } from '../../src/kafka/cluster.ts';
import { askCoordinator } from '../../src/kafka/group.ts';

/** ms. Far longer than a test may take: a test that waits for it fails. */
export const LONG_SESSION = 600_000;

export interface SilentMember {
  readonly topic: string;
  readonly group: string;
  /** What its process calls itself. */
  readonly processor: string;
  /** Partitions that it gives to itself. */
  readonly assigned: readonly number[];
}

/** A member that joins a group which has no other, and is never heard of again. Resolves with its id. */
export async function silentMember(link: ClusterLink, { topic, group, processor, assigned }: SilentMember) {
  const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
  const userData = Buffer.from(JSON.stringify({ processor, owned: assigned }));
  const metadata = MemberMetadata.encode({ version: 0, topics: [topic], userData });
  return askCoordinator(link, group, async (coordinator) => {
    const { memberId, generationId } = await coordinator.joinGroup({
      groupId: group,
      sessionTimeout: LONG_SESSION,
      rebalanceTimeout: LONG_SESSION,
      groupProtocols: [{ name: 'tidemark-sticky', metadata }],
    });
    const memberAssignment = MemberAssignment.encode({
      version: 0,
      assignment: { [topic]: [...assigned] },
      userData: Buffer.alloc(0),
    });
    await coordinator.syncGroup({
      groupId: group,
      generationId,
      memberId,
      groupAssignment: [{ memberId, memberAssignment }],
    });
    return memberId;
  });
}
