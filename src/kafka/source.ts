import type { Logger } from 'pino';
import { messageOf } from '../processor/errors.ts';
import type { InputListener, InputLog, RecordBatch } from '../processor/ports.ts';
import { Backoff } from './backoff.ts';
import { kafkaClient } from './client.ts';
import { ClusterLink } from './cluster.ts';
import type { Flow } from './flow.ts';
import { groupGives } from './group.ts';
import { LEAVE, Membership, type MembershipOptions } from './membership.ts';
import { type Bounds, boundsOf, offsetAt } from './offsets.ts';
import { within } from './within.ts';

/** Longest wait for the group's word on who has what, and for a commit that only lag tools read, in ms. */
const SOON = 5_000;

export type SourceOptions = MembershipOptions;

/**
 * The input topic, read by one member of the consumer group. Positions are the listener's alone: nothing is read of a
 * partition before it is sought.
 */
export class KafkaInputLog implements InputLog {
  readonly #options: SourceOptions;
  readonly #logger: Logger;
  readonly #link: ClusterLink;
  readonly #membership: Membership;
  readonly #stopping = new AbortController();
  #listener: InputListener | null = null;
  #assigned = false;

  constructor(options: SourceOptions) {
    this.#logger = options.logger.child({ topic: options.topic, group: options.group });
    this.#options = { ...options, logger: this.#logger };
    this.#link = new ClusterLink(kafkaClient(options.address, this.#logger), this.#logger);
    this.#membership = new Membership(this.#options, this.#link, {
      assigned: (partitions) => this.#take(partitions),
      lost: () => this.#lose(),
      batch: (batch) => this.#give(batch),
      moved: (partition, from, next) => this.#guarded(() => this.#listener?.moved(partition, from, next)),
      outOfRange: (flow, goOn) => void this.#outOfRange(flow, goOn),
      left: (error) => this.#listener?.failed(error),
    });
  }

  async start(listener: InputListener): Promise<void> {
    if (this.#listener !== null) throw new Error('the input log was started before');
    this.#listener = listener;
    await this.#membership.start();
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

  async bounds(partition: number): Promise<Bounds> {
    const { topic } = this.#options;
    const bounds = await this.#link.ask(`offsets of ${topic}`, (cluster) => boundsOf(cluster, topic, [partition]));
    const found = bounds.get(partition);
    if (found === undefined) throw new Error(`topic ${topic} has no partition ${partition}`);
    return found;
  }

  async allBounds(): Promise<ReadonlyMap<number, Bounds>> {
    const { topic } = this.#options;
    return this.#link.ask(`offsets of ${topic}`, (cluster) => boundsOf(cluster, topic));
  }

  async offsetAt(partition: number, timestamp: number): Promise<number> {
    const { topic } = this.#options;
    return this.#link.ask(`offsets of ${topic}`, (cluster) => offsetAt(cluster, topic, partition, timestamp));
  }

  async holds(partition: number): Promise<boolean> {
    const memberId = this.#membership.member?.id;
    if (!memberId) return false;
    const { group, topic } = this.#options;
    try {
      const ask = `members of group ${group}`;
      return await this.#link.ask(ask, (cluster) => groupGives(cluster, { group, topic, memberId }, partition), SOON);
    } catch (error) {
      this.#logger.warn({ err: messageOf(error), partition }, 'the consumer group did not say who has the partition');
      return false;
    }
  }

  async commit(offsets: ReadonlyMap<number, number>): Promise<void> {
    try {
      await within(SOON, this.#membership.member?.commit(offsets) ?? Promise.resolve(), () => {
        throw new Error(`no answer within ${SOON} ms`);
      });
    } catch (error) {
      this.#logger.info({ err: messageOf(error) }, 'offsets were not committed to the group; only lag tools read them');
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const left = this.#membership.stop();
    this.#lose();
    await Promise.all([left, this.#link.close(LEAVE)]);
  }

  #flow(partition: number): Flow | undefined {
    return this.#membership.member?.flows.get(partition);
  }

  #take(partitions: readonly number[]): void {
    this.#assigned = true;
    this.#logger.debug({ partitions }, 'assigned by the consumer group');
    this.#guarded(() => this.#listener?.assigned(partitions));
  }

  #lose(): void {
    if (!this.#assigned) return;
    this.#assigned = false;
    this.#guarded(() => this.#listener?.revoked());
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
    const { signal } = this.#stopping;
    const waits = new Backoff();
    while (position !== null && flow.generation === generation && !signal.aborted) {
      try {
        const { earliest, end } = await this.bounds(partition);
        if (flow.generation !== generation) return;
        this.#logger.warn({ partition, position, earliest, end }, 'the broker says the position is not in the log');
        if (position >= earliest && position <= end) {
          await waits.sleep(waits.next(), signal);
          return goOn(position);
        }
        const at = position < earliest ? earliest : end;
        await this.#give({ partition, from: at, next: at, records: [], highWatermark: end });
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#logger.warn({ err: messageOf(error), partition }, 'cannot ask where the log begins and ends');
        await waits.sleep(waits.next(), signal);
      }
    }
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
