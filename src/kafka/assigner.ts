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

/** What a member tells of itself with each join. */
export interface MemberWord {
  /** Of its process, the same for all members of that; null: it said none. */
  readonly processor: string | null;
  /** Partitions that it had last. */
  readonly owned: readonly number[];
}

/** An assigner that tells the group what this member is; `word` is asked for at each join. */
export function stickyAssigner(topic: string, word: () => MemberWord): PartitionAssigner {
  return ({ cluster }): Assigner => ({
    name: 'tidemark-sticky',
    version: 0,
    protocol: ({ topics }) => ({
      name: 'tidemark-sticky',
      metadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.from(JSON.stringify(word())) }),
    }),
    assign: async ({ members }) => {
      const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
      const had = new Map(members.map(({ memberId, memberMetadata }) => [memberId, readWord(memberMetadata).owned]));
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

/** Of a member of another kind: nothing, which costs no more than work that could have been saved. */
export function readWord(metadata: Buffer): MemberWord {
  const data = metadata.length === 0 ? undefined : MemberMetadata.decode(metadata)?.userData;
  const told = data === undefined || data.length === 0 ? null : parsed(data);
  return {
    processor: typeof told?.processor === 'string' ? told.processor : null,
    owned: Array.isArray(told?.owned) ? told.owned.filter(Number.isInteger) : [],
  };
}

function parsed(data: Buffer): { readonly [key in keyof MemberWord]?: unknown } | null {
  try {
    return JSON.parse(data.toString());
  } catch {
    return null;
  }
}
