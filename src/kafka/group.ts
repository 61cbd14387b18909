import kafkajs, { type Cluster } from 'kafkajs';
import { wallClock } from '../time/clock.ts';
import { readMetadata } from './assigner.ts';
import type { ClusterLink } from './cluster.ts';
import { type Coordinator, coordinatorOf, type GroupState } from './kafkajs/coordinator.ts';

/** A broker reads its groups first, when it comes back or takes them over, and refuses meanwhile: tries, ms between. */
const TRIES = 10;
const BETWEEN = 200;

/**
 * Asks the group's coordinator, anew while it refuses. One question for each try: the coordinator may be another then.
 * @throws the last error of the broker or the connection.
 */
export async function askCoordinator<T>(
  link: ClusterLink,
  group: string,
  question: (coordinator: Coordinator) => Promise<T>,
  timeout?: number,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      const ask = async (cluster: Cluster) => question(await coordinatorOf(cluster, group));
      return await link.ask(`group ${group}`, ask, timeout);
    } catch (error) {
      const { type, retriable } = error as { readonly type?: string; readonly retriable?: boolean };
      if (type === undefined || !retriable || tries === TRIES) throw error;
      await wallClock.sleep(BETWEEN);
    }
  }
}

/** Whether the group is settled and has assigned the partition to this member. */
export async function groupGives(
  cluster: Cluster,
  { group, topic, memberId }: { readonly group: string; readonly topic: string; readonly memberId: string },
  partition: number,
): Promise<boolean> {
  const coordinator = await coordinatorOf(cluster, group);
  const { state, members } = await describe(coordinator, group);
  if (state !== 'Stable') return false;
  const own = members.find((member) => member.memberId === memberId)?.memberAssignment;
  return own !== undefined && partitionsIn(own, topic).includes(partition);
}

/** A member as the group knows it. */
export interface ListedMember {
  readonly id: string;
  /** The name that its process gave itself; null: not known, as for all while the group rebalances. */
  readonly processor: string | null;
}

/** The group's members at this moment, those that are only joining as well. */
export async function membersOf(link: ClusterLink, group: string, timeout?: number): Promise<ListedMember[]> {
  const { members } = await askCoordinator(link, group, (coordinator) => describe(coordinator, group), timeout);
  return members.map(({ memberId, memberMetadata }) => ({
    id: memberId,
    processor: readMetadata(memberMetadata).processor,
  }));
}

/** The process that has each partition, as the group knows it. */
export interface Holders {
  /** False: it rebalances at this moment. */
  readonly settled: boolean;
  /** How many members there are. */
  readonly members: number;
  /** Processes by partition; none while it is not settled. */
  readonly byPartition: ReadonlyMap<number, string>;
}

export async function holdersOf(link: ClusterLink, group: string, topic: string, timeout?: number): Promise<Holders> {
  const { state, members } = await askCoordinator(link, group, (coordinator) => describe(coordinator, group), timeout);
  const settled = state !== 'PreparingRebalance' && state !== 'CompletingRebalance';
  const assigned = members.flatMap(({ memberMetadata, memberAssignment }): [number, string][] => {
    const { processor } = readMetadata(memberMetadata);
    const partitions = partitionsIn(memberAssignment, topic);
    return processor === null ? [] : partitions.map((partition) => [partition, processor]);
  });
  return { settled, members: members.length, byPartition: new Map(settled ? assigned : []) };
}

function partitionsIn(assignment: Buffer, topic: string): number[] {
  if (assignment.length === 0) return [];
  return kafkajs.AssignerProtocol.MemberAssignment.decode(assignment)?.assignment[topic] ?? [];
}

async function describe(coordinator: Coordinator, group: string): Promise<GroupState> {
  return (await coordinator.describeGroups({ groupIds: [group] })).groups[0]!;
}

/**
 * Removes a member that could not leave by itself: otherwise no other can join before its session has run out. @throws
 * where the group does not answer.
 */
export async function dropMember(link: ClusterLink, group: string, memberId: string): Promise<void> {
  try {
    await askCoordinator(link, group, (coordinator) => coordinator.leaveGroup({ groupId: group, memberId }));
  } catch (error) {
    if ((error as { readonly type?: string }).type !== 'UNKNOWN_MEMBER_ID') throw error;
  }
}
