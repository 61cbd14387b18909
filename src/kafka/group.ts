import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Cluster } from 'kafkajs';
import { readWord } from './assigner.ts';
import type { ClusterLink } from './cluster.ts';

/** A broker that comes back reads its groups first, and refuses meanwhile: tries, and ms between them. */
const TRIES = 10;
const BETWEEN = 200;

/** Whether the group is settled and gives the partition to this member. */
export async function groupGives(
  cluster: Cluster,
  { group, topic, memberId }: { readonly group: string; readonly topic: string; readonly memberId: string },
  partition: number,
): Promise<boolean> {
  const { state, members } = await describe(cluster, group);
  if (state !== 'Stable') return false;
  const own = members.find((member) => member.memberId === memberId)?.memberAssignment;
  if (own === undefined) return false;
  return kafkajs.AssignerProtocol.MemberAssignment.decode(own)?.assignment[topic]?.includes(partition) ?? false;
}

/** A member as the group knows it. */
export interface GroupMember {
  readonly id: string;
  /** What its process called itself; null: not told, as none is while the group deals anew. */
  readonly processor: string | null;
}

/** The group's members at this moment, those that are only joining as well. */
export async function membersOf(cluster: Cluster, group: string): Promise<GroupMember[]> {
  const { members } = await describe(cluster, group);
  return members.map(({ memberId, memberMetadata }) => ({
    id: memberId,
    processor: readWord(memberMetadata).processor,
  }));
}

async function describe(cluster: Cluster, group: string): Promise<GroupState> {
  const coordinator = await cluster.findGroupCoordinator({ groupId: group });
  return (await coordinator.describeGroups({ groupIds: [group] })).groups[0];
}

/**
 * Tells the group that a member is gone which could not say so itself: else nobody joins before its session has run
 * out. @throws where the group could not be told.
 */
export async function dropMember(link: ClusterLink, group: string, memberId: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await link.ask(`group ${group}`, async (cluster) => {
        const coordinator = await cluster.findGroupCoordinator({ groupId: group });
        // KafkaJS's types leave it out.
        await (coordinator as unknown as Leaving).leaveGroup({ groupId: group, memberId });
      });
    } catch (error) {
      const { type } = error as { readonly type?: string };
      if (type === 'UNKNOWN_MEMBER_ID') return;
      if (type === undefined || tries === TRIES) throw error;
      await sleep(BETWEEN);
    }
  }
}

interface Leaving {
  leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

interface GroupState {
  readonly state: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly memberMetadata: Buffer;
    readonly memberAssignment: Buffer;
  }[];
}
