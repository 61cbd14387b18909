import kafkajs, { type Assigner, type PartitionAssigner } from 'kafkajs';

const Protocol = kafkajs.AssignerProtocol;

/** By member, the partitions that it had before. Member ids are any texts. */
export type Previous = ReadonlyMap<string, readonly number[]>;

/**
 * Gives each member as many partitions as the others, or one more, and lets it keep what it had as far as that allows:
 * a partition that moves has to be taken over and loaded anew. Where two members claim the same one, the one that had
 * more of them, then the one of the lower id, keeps it.
 */
export function assign(partitions: readonly number[], previous: Previous): Map<string, number[]> {
  const members = [...previous.keys()].sort();
  const assigned = new Map(members.map((member): [string, number[]] => [member, []]));
  if (members.length === 0) return assigned;
  const left = new Set(partitions);
  const share = Math.floor(partitions.length / members.length);
  let larger = partitions.length % members.length;
  // Those that had most keep the larger shares.
  const mostFirst = [...members].sort((a, b) => previous.get(b)!.length - previous.get(a)!.length || (a < b ? -1 : 1));
  for (const member of mostFirst) {
    const own = assigned.get(member)!;
    for (const partition of [...previous.get(member)!].sort((a, b) => a - b)) {
      if (!left.has(partition) || own.length > share) continue;
      if (own.length === share && larger === 0) continue;
      if (own.length === share) larger -= 1;
      own.push(partition);
      left.delete(partition);
    }
  }
  const rest = [...left].sort((a, b) => a - b);
  for (const least of [share, share + 1]) {
    for (const own of assigned.values()) while (own.length < least && rest.length > 0) own.push(rest.shift()!);
  }
  for (const own of assigned.values()) own.sort((a, b) => a - b);
  return assigned;
}

/** What a member sends of itself with each join. */
export interface MemberMetadata {
  /** Name of its process, the same for all members of that; null: it sent none. */
  readonly processor: string | null;
  /** Partitions that it had last. */
  readonly owned: readonly number[];
}

/** An assigner that sends the group what this member is; `metadata` is called at each join. */
export function stickyAssigner(topic: string, metadata: () => MemberMetadata): PartitionAssigner {
  return ({ cluster }): Assigner => ({
    name: 'tidemark-sticky',
    version: 0,
    protocol: ({ topics }) => ({
      name: 'tidemark-sticky',
      metadata: Protocol.MemberMetadata.encode({
        version: 0,
        topics,
        userData: Buffer.from(JSON.stringify(metadata())),
      }),
    }),
    assign: async ({ members }) => {
      const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
      const previous = new Map(
        members.map(({ memberId, memberMetadata }) => [memberId, readMetadata(memberMetadata).owned]),
      );
      return [...assign(partitions, previous)].map(([memberId, own]) => ({
        memberId,
        memberAssignment: Protocol.MemberAssignment.encode({
          version: 0,
          assignment: { [topic]: own },
          userData: Buffer.alloc(0),
        }),
      }));
    },
  });
}

/** Empty for a member of another kind: that costs no more than work that could have been saved. */
export function readMetadata(metadata: Buffer): MemberMetadata {
  const data = metadata.length === 0 ? undefined : Protocol.MemberMetadata.decode(metadata)?.userData;
  const sent = data === undefined || data.length === 0 ? null : parsed(data);
  return {
    processor: typeof sent?.processor === 'string' ? sent.processor : null,
    owned: Array.isArray(sent?.owned) ? sent.owned.filter(Number.isInteger) : [],
  };
}

function parsed(data: Buffer): { readonly [key in keyof MemberMetadata]?: unknown } | null {
  try {
    return JSON.parse(data.toString());
  } catch {
    return null;
  }
}
