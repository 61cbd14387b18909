import kafkajs, { type Assigner, type PartitionAssigner } from 'kafkajs';

const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;

/** Partitions by member, and what each says it had before. Member ids are any texts. */
export type Had = ReadonlyMap<string, readonly number[]>;

/**
 * Deals partitions out so that the members' numbers differ by one at most, and each keeps what it had as far as that
 * allows: a partition that moves has to be taken over and loaded anew. Where two say they had the same one, the
 * lower member id counts.
 */
export function deal(partitions: readonly number[], had: Had): Map<string, number[]> {
  const members = [...had.keys()].sort();
  const dealt = new Map(members.map((member): [string, number[]] => [member, []]));
  if (members.length === 0) return dealt;
  const left = new Set(partitions);
  const share = Math.floor(partitions.length / members.length);
  let larger = partitions.length % members.length;
  // Those that had most keep the larger shares.
  const mostFirst = [...members].sort((a, b) => had.get(b)!.length - had.get(a)!.length || (a < b ? -1 : 1));
  for (const member of mostFirst) {
    const own = dealt.get(member)!;
    for (const partition of [...had.get(member)!].sort((a, b) => a - b)) {
      if (!left.has(partition) || own.length > share) continue;
      if (own.length === share && larger === 0) continue;
      if (own.length === share) larger -= 1;
      own.push(partition);
      left.delete(partition);
    }
  }
  const rest = [...left].sort((a, b) => a - b);
  for (const least of [share, share + 1]) {
    for (const own of dealt.values()) while (own.length < least && rest.length > 0) own.push(rest.shift()!);
  }
  for (const own of dealt.values()) own.sort((a, b) => a - b);
  return dealt;
}

/** An assigner that tells the group's leader what this member had: `owned`, asked for at each join. */
export function stickyAssigner(topic: string, owned: () => readonly number[]): PartitionAssigner {
  return ({ cluster }): Assigner => ({
    name: 'tidemark-sticky',
    version: 0,
    protocol: ({ topics }) => ({
      name: 'tidemark-sticky',
      metadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.from(JSON.stringify(owned())) }),
    }),
    assign: async ({ members }) => {
      const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
      const had = new Map(members.map(({ memberId, memberMetadata }) => [memberId, told(memberMetadata)]));
      return [...deal(partitions, had)].map(([memberId, own]) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          version: 0,
          assignment: { [topic]: own },
          userData: Buffer.alloc(0),
        }),
      }));
    },
  });
}

function told(metadata: Buffer): number[] {
  const data = MemberMetadata.decode(metadata)?.userData;
  if (data === undefined || data.length === 0) return [];
  try {
    const had: unknown = JSON.parse(data.toString());
    return Array.isArray(had) ? had.filter(Number.isInteger) : [];
  } catch {
    // Stickiness saves work and decides nothing: a member that says it another way just had nothing.
    return [];
  }
}
