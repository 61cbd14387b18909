import kafkajs, { type Assigner, type Cluster } from 'kafkajs';
import { CannotGoOn } from '../ports/errors.ts';
import { readMetadata, stickyAssigner } from './assigner.ts';
import { OtherProgram } from './fatal.ts';
import { type Coordinator, type Join, type Joined, joinGroup } from './kafkajs/coordinator.ts';
import { otherPartitions } from './other-partitions.ts';

export interface MemberOptions {
  readonly group: string;
  readonly topic: string;
  /**
   * Name of the process, as it owns partitions in the store: the next process finds the members of a crashed one by it.
   */
  readonly processor: string;
  /** How long the group waits for a member that is silent, in ms. */
  readonly sessionTimeout: number;
  /** How many partitions the topic had when the state was begun; undefined: any number will do. */
  readonly partitions?: number | undefined;
}

/** Errors of a coordinator after which a member has to join anew; true: under another id. */
const REJOIN: ReadonlyMap<string, boolean> = new Map([
  ['REBALANCE_IN_PROGRESS', false],
  ['ILLEGAL_GENERATION', false],
  ['UNKNOWN_MEMBER_ID', true],
]);

/** A member of the group: its requests to the coordinator. Its id and generation outlast a coordinator. */
export class GroupMember {
  readonly #options: MemberOptions;
  readonly #cluster: Cluster;
  readonly #assigner: Assigner;
  #id = '';
  #generation: number | null = null;
  #owned: readonly number[] = [];
  /** How many partitions the topic had at the last assignment. */
  #partitions = 0;

  constructor(cluster: Cluster, options: MemberOptions) {
    const { topic, processor, group: groupId } = options;
    this.#options = options;
    this.#cluster = cluster;
    const sticky = stickyAssigner(topic, () => ({ processor, owned: this.#owned }));
    // No other program knows this assigner: so the brokers let none in, whose partitions would not be folded.
    this.#assigner = sticky({ cluster, groupId, logger: undefined as never });
  }

  /** The id that it joined under last; empty: it never did, or the group has dropped it. */
  get id(): string {
    return this.#id;
  }

  /** Whether the group has assigned it its partitions, as far as is known. */
  get isIn(): boolean {
    return this.#generation !== null;
  }

  /**
   * Waits for all others to join, and takes its assignment.
   * @returns its partitions, in order.
   * @throws CannotGoOn where the topic has grown.
   */
  async join(coordinator: Coordinator): Promise<readonly number[]> {
    const { group: groupId, topic, sessionTimeout } = this.#options;
    const joined = await this.#enter(coordinator, {
      groupId,
      sessionTimeout,
      // As long as the slowest may take to come back in.
      rebalanceTimeout: Math.max(30_000, sessionTimeout),
      groupProtocols: [this.#assigner.protocol({ topics: [topic] })],
    });
    const { generationId, memberId } = joined;
    this.#id = memberId;
    // The brokers assign the partitions themselves once a member speaks the newer protocol, and none of ours does.
    if (joined.leaderId === '') throw new OtherProgram(`another program is in consumer group ${groupId}`);
    const groupAssignment = joined.leaderId === memberId ? await this.#assign(joined) : [];
    const own = await coordinator.syncGroup({ groupId, generationId, memberId, groupAssignment });
    this.#generation = generationId;
    this.#partitions = this.#known();
    const { assignment = {} } = kafkajs.AssignerProtocol.MemberAssignment.decode(own.memberAssignment) ?? {};
    this.#owned = [...(assignment[topic] ?? [])].sort((a, b) => a - b);
    // The leader may know of more partitions.
    this.#mustNotExceed((this.#owned.at(-1) ?? -1) + 1);
    return this.#owned;
  }

  /** The group knows the id from the first answer on: with it this member can be removed before it is in. */
  async #enter(coordinator: Coordinator, given: Join): Promise<Joined> {
    const send = () => joinGroup(coordinator, { ...given, memberId: this.#id });
    try {
      return await send();
    } catch (error) {
      const { name, memberId } = error as { readonly name: string; readonly memberId?: string };
      if (name !== 'KafkaJSMemberIdRequired' || memberId === undefined) throw error;
      this.#id = memberId;
      return await send();
    }
  }

  async #assign({ groupProtocol, members }: Joined) {
    const assigner = this.#assigner;
    if (assigner.name !== groupProtocol)
      throw new Error(`the group assigns by ${groupProtocol}, which is not known here`);
    mustAllRead(this.#options, members);
    await this.#cluster.addMultipleTargetTopics([this.#options.topic]);
    await this.#cluster.refreshMetadata();
    this.#mustNotExceed(this.#known());
    return await assigner.assign({ members: [...members], topics: [this.#options.topic] });
  }

  /**
   * Whether the topic has grown since: then the group has to rebalance. Asks the brokers every few minutes.
   * @throws CannotGoOn where it must not grow.
   */
  async mustRebalance(): Promise<boolean> {
    await this.#cluster.refreshMetadataIfNecessary();
    this.#mustNotExceed(this.#known());
    return this.#known() > this.#partitions;
  }

  /** Folded, new partitions would look as if they had always been there, and no start would go on from that. */
  #mustNotExceed(partitions: number): void {
    const { topic, partitions: begun = partitions } = this.#options;
    if (partitions > begun) throw otherPartitions(topic, partitions, begun);
  }

  /** Number of partitions, as far as the brokers have sent it. */
  #known(): number {
    return this.#cluster.findTopicPartitionMetadata(this.#options.topic).length;
  }

  async heartbeat(coordinator: Coordinator): Promise<void> {
    const { group: groupId } = this.#options;
    await coordinator.heartbeat({ groupId, groupGenerationId: this.#generation!, memberId: this.#id });
  }

  /** For lag tools. */
  async commit(coordinator: Coordinator, offsets: ReadonlyMap<number, number>): Promise<void> {
    const { group: groupId, topic } = this.#options;
    const partitions = [...offsets]
      .filter(([partition]) => this.#owned.includes(partition))
      .map(([partition, offset]) => ({ partition, offset: String(offset) }));
    if (partitions.length === 0 || this.#generation === null) return;
    const topics = [{ topic, partitions }];
    await coordinator.offsetCommit({ groupId, groupGenerationId: this.#generation, memberId: this.#id, topics });
  }

  /** It is in the group no more, until it has joined again. */
  leave(): void {
    this.#generation = null;
  }

  /**
   * The coordinator has answered with an error. @returns whether that put this member out of the group: it has to join
   * again.
   */
  leaveIfExpelled(error: unknown): boolean {
    const anew = REJOIN.get((error as { readonly type?: string }).type ?? '');
    if (anew === undefined) return false;
    this.#generation = null;
    if (anew) this.#id = '';
    return true;
  }
}

/** @throws CannotGoOn where a member reads another topic: the partitions that it is assigned would not be folded. */
function mustAllRead({ topic, group }: MemberOptions, members: Joined['members']): void {
  const other = members.find(({ memberMetadata }) => !readTopics(memberMetadata).includes(topic));
  if (other === undefined) return;
  const [reads, who] = [
    readTopics(other.memberMetadata).join(', ') || 'no topic',
    readMetadata(other.memberMetadata).processor,
  ];
  throw new CannotGoOn(
    `consumer group ${group} has a member that reads ${reads} (${who ?? other.memberId}), and this one reads ${topic}: give each its own ` +
      'group with kafka.group, and its own database.schema and output topics',
  );
}

function readTopics(metadata: Buffer): readonly string[] {
  return (metadata.length === 0 ? null : kafkajs.AssignerProtocol.MemberMetadata.decode(metadata))?.topics ?? [];
}
