import kafkajs from 'kafkajs';
import type { Logger } from 'pino';
import type { InputListener, InputLog, RecordBatch } from '../processor/ports.ts';
import { Backoff } from './backoff.ts';
import { type KafkaAddress, kafkaClient } from './client.ts';
import { ClusterLink } from './cluster.ts';
import { remedy } from './fatal.ts';
import type { Flow } from './flow.ts';
import { Member } from './member.ts';
import { boundsOf, offsetAt, partitionsOf } from './offsets.ts';
import { within } from './within.ts';

/** Longest that stopping takes, in ms. */
const STOP = 3_000;
/** Longest wait for the group's word on who has what, and for a commit that only lag tools read, in ms. */
const SOON = 5_000;
/**
 * How long the group waits for a silent member, in ms: a killed processor's partitions stand still so long. Heartbeats
 * go out every fifth of it, from the thread that folds too.
 */
const SESSION = 10_000;
/** An error that waiting does not help counts when it comes this often in a row: rights may arrive late on a broker. */
const FATAL_IN_A_ROW = 3;

export interface SourceOptions {
  readonly address: KafkaAddress;
  readonly group: string;
  readonly topic: string;
  readonly logger: Logger;
  /** ms; the broker's bounds for it are 6 s and 30 min unless set. */
  readonly sessionTimeout?: number;
}

/**
 * The input topic, read by one member of the consumer group at a time: one that KafkaJS gives up is replaced by a new
 * one. Positions are the listener's alone: nothing is read of a partition before it is sought.
 */
export class KafkaInputLog implements InputLog {
  readonly #options: SourceOptions;
  readonly #logger: Logger;
  readonly #link: ClusterLink;
  readonly #backoff = new Backoff();
  readonly #stopping = new AbortController();
  #listener: InputListener | null = null;
  #member: Member | null = null;
  #owned: readonly number[] = [];
  #assigned = false;
  #fatalInARow = 0;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#logger = options.logger.child({ topic: options.topic, group: options.group });
    this.#link = new ClusterLink(kafkaClient(options.address, this.#logger), this.#logger);
  }

  async start(listener: InputListener): Promise<void> {
    if (this.#listener !== null) throw new Error('the input log was started before');
    this.#listener = listener;
    await this.#begin(1);
  }

  seek(partition: number, offset: number): void {
    this.#flow(partition)?.seek(offset);
  }

  resume(partition: number): void {
    this.#flow(partition)?.resume();
  }

  pause(partition: number): void {
    this.#flow(partition)?.pause();
  }

  async bounds(partition: number): Promise<{ readonly earliest: number; readonly end: number }> {
    const { topic } = this.#options;
    const bounds = await this.#link.ask(`offsets of ${topic}`, (cluster) => boundsOf(cluster, topic, [partition]));
    const found = bounds.get(partition);
    if (found === undefined) throw new Error(`topic ${topic} has no partition ${partition}`);
    return found;
  }

  async allBounds(): Promise<ReadonlyMap<number, { readonly earliest: number; readonly end: number }>> {
    const { topic } = this.#options;
    return this.#link.ask(`offsets of ${topic}`, (cluster) => boundsOf(cluster, topic));
  }

  async offsetAt(partition: number, timestamp: number): Promise<number> {
    const { topic } = this.#options;
    return this.#link.ask(`offsets of ${topic}`, (cluster) => offsetAt(cluster, topic, partition, timestamp));
  }

  async holds(partition: number): Promise<boolean> {
    const id = this.#member?.id;
    if (!id) return false;
    const { group, topic } = this.#options;
    try {
      const state = await this.#link.ask(
        `members of group ${group}`,
        async (cluster): Promise<GroupState> => {
          const coordinator = await cluster.findGroupCoordinator({ groupId: group });
          return (await coordinator.describeGroups({ groupIds: [group] })).groups[0];
        },
        SOON,
      );
      if (state.state !== 'Stable') return false;
      const own = state.members.find(({ memberId }) => memberId === id)?.memberAssignment;
      if (own === undefined) return false;
      return kafkajs.AssignerProtocol.MemberAssignment.decode(own)?.assignment[topic]?.includes(partition) ?? false;
    } catch (error) {
      this.#logger.warn({ err: error, partition }, 'the consumer group did not say who has the partition');
      return false;
    }
  }

  async commit(offsets: ReadonlyMap<number, number>): Promise<void> {
    try {
      await within(SOON, this.#member?.commit(offsets) ?? Promise.resolve(), () => {
        throw new Error(`no answer within ${SOON} ms`);
      });
    } catch (error) {
      this.#logger.info({ err: error }, 'offsets were not committed to the group; only lag tools read them');
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const member = this.#member;
    this.#member = null;
    this.#lose();
    await Promise.all([member?.leave(STOP), this.#link.close(STOP)]);
  }

  #flow(partition: number): Flow | undefined {
    return this.#member?.flows.get(partition);
  }

  /** A new member, tried until it begins to join. @throws what waiting does not help, after so many tries. */
  async #begin(tries: number): Promise<void> {
    const { topic, group, address } = this.#options;
    while (!this.#stopping.signal.aborted) {
      let member: Member | null = null;
      try {
        const partitions = await this.#link.ask(`partitions of ${topic}`, (cluster) => partitionsOf(cluster, topic));
        if (this.#stopping.signal.aborted) return;
        member = this.#newMember(partitions.length);
        this.#member = member;
        await member.begin();
        return;
      } catch (error) {
        if (member !== null) await this.#abandon(member);
        if (this.#stopping.signal.aborted) return;
        this.#count(error, tries);
        const wait = this.#backoff.next();
        this.#logger.warn(
          { err: error },
          `cannot join consumer group ${group} at ${address.brokers.join(', ')}; trying again in ${wait} ms`,
        );
        await this.#backoff.sleep(wait, this.#stopping.signal);
      }
    }
  }

  #newMember(partitions: number): Member {
    const { address, topic, group, sessionTimeout } = this.#options;
    const member: Member = new Member(
      kafkaClient(address, this.#logger),
      {
        topic,
        group,
        partitions,
        sessionTimeout: sessionTimeout ?? SESSION,
        logger: this.#logger,
        owned: () => this.#owned,
      },
      {
        assigned: (own) => this.#take(member, own),
        batch: (batch) => this.#give(batch),
        moved: (partition, from, next) => this.#guarded(() => this.#listener?.moved(partition, from, next)),
        outOfRange: (flow, goOn) => void this.#outOfRange(flow, goOn),
        left: (error) => void this.#replace(member, error),
      },
    );
    return member;
  }

  #take(member: Member, partitions: readonly number[]): void {
    if (this.#member !== member) return;
    this.#owned = partitions;
    this.#assigned = true;
    this.#fatalInARow = 0;
    this.#backoff.reset();
    this.#logger.info({ partitions }, 'assigned by the consumer group');
    this.#guarded(() => this.#listener?.assigned(partitions));
  }

  async #give(batch: RecordBatch): Promise<boolean> {
    try {
      await this.#listener?.batch(batch);
      return true;
    } catch (error) {
      this.#fail(error, `the records of partition ${batch.partition} from offset ${batch.from} were refused`);
      return false;
    }
  }

  /**
   * The position is not in the log. If the bounds say that it is after all (a broker may answer so while it comes up),
   * reading goes on; otherwise the listener gets an empty batch where the log begins or ends: its chain is broken.
   */
  async #outOfRange(flow: Flow, goOn: (next: number) => void): Promise<void> {
    const { partition, generation, position } = flow;
    const waits = new Backoff();
    while (position !== null && flow.generation === generation && !this.#stopping.signal.aborted) {
      try {
        const { earliest, end } = await this.bounds(partition);
        if (flow.generation !== generation) return;
        this.#logger.warn({ partition, position, earliest, end }, 'the broker says the position is not in the log');
        if (position >= earliest && position <= end) {
          await waits.sleep(waits.next(), this.#stopping.signal);
          return goOn(position);
        }
        const at = position < earliest ? earliest : end;
        await this.#give({ partition, from: at, next: at, records: [], highWatermark: end });
        return;
      } catch (error) {
        this.#logger.warn({ err: error, partition }, 'cannot ask where the log begins and ends; trying again');
        await waits.sleep(waits.next(), this.#stopping.signal);
      }
    }
  }

  /** KafkaJS gave a member up. */
  async #replace(member: Member, error: Error): Promise<void> {
    if (this.#member !== member) return;
    this.#member = null;
    this.#lose();
    await this.#abandon(member);
    try {
      this.#count(error, FATAL_IN_A_ROW);
      const wait = this.#backoff.next();
      this.#logger.warn({ err: error }, `lost the membership of the consumer group; joining again in ${wait} ms`);
      await this.#backoff.sleep(wait, this.#stopping.signal);
      await this.#begin(FATAL_IN_A_ROW);
    } catch (fatal) {
      this.#listener?.failed(fatal as Error);
    }
  }

  async #abandon(member: Member): Promise<void> {
    if (this.#member === member) this.#member = null;
    await member.leave(STOP);
  }

  #lose(): void {
    if (!this.#assigned) return;
    this.#assigned = false;
    this.#guarded(() => this.#listener?.revoked());
  }

  /** @throws an error that waiting does not help, when it has come `most` times in a row. */
  #count(error: unknown, most: number): void {
    const help = remedy(error);
    this.#fatalInARow = help === null ? 0 : this.#fatalInARow + 1;
    if (help === null || this.#fatalInARow < most) return;
    const { topic, group } = this.#options;
    throw new Error(`cannot read topic ${topic} in group ${group}: ${(error as Error).message}: ${help}`, {
      cause: error,
    });
  }

  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#fail(error, 'the processor threw an error at what the input log told it');
    }
  }

  #fail(error: unknown, what: string): void {
    this.#logger.error({ err: error }, what);
    this.#listener?.failed(error instanceof Error ? error : new Error(String(error)));
  }
}

interface GroupState {
  readonly state: string;
  readonly members: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
}
