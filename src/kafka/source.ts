import type { Logger } from 'pino';
import { BEGIN_ANEW, messageOf } from '../ports/errors.ts';
import type { InputListener, InputLog, RecordBatch } from '../ports/log.ts';
import { wallClock } from '../time/clock.ts';
import { Outage } from '../time/outage.ts';
import { Backoff, within } from '../time/waiting.ts';
import { kafkaClient } from './client.ts';
import { ClusterLink } from './cluster.ts';
import { Fetching } from './fetching.ts';
import type { Flow } from './flow.ts';
import { groupGives } from './group.ts';
import { clusterOf, type Link } from './kafkajs/link.ts';
import { oneBufferSockets } from './kafkajs/one-buffer-sockets.ts';
import { addressOf } from './kafkajs/pool.ts';
import { LEAVE, Membership, type MembershipOptions, WAITS } from './membership.ts';
import { appendedBounds, type Bounds, confirmedBounds, offsetAt } from './offsets.ts';
import { UnreadableBatch } from './record-set.ts';
import { Refusals } from './refusals.ts';
import { isDenied } from './rights/missing-rights.ts';
import { Naming } from './rights/naming.ts';

/** Longest wait for the group to answer which member has which partition, in ms. */
const SOON = 5_000;
/** The same for a commit that only lag tools read: its caller has more to do. */
const COMMITTED = 1_000;
/**
 * A fetch without an answer for this long is reported, ms: brokers answer within a second where there is nothing to
 * read.
 */
const UNREAD = 3_000;

/** What to do about a batch that cannot be unpacked. */
const UNREADABLE =
  'Where another replica has it whole, have that lead the partition, which is then read on; where other clients read it, ' +
  `use a newer tidemark. Where it is lost, ${BEGIN_ANEW}, from behind it on (input.start)`;

export type SourceOptions = MembershipOptions;

/**
 * The input topic, read by one member of the consumer group. Positions are the listener's alone: nothing is read of a
 * partition before it is sought. Reading does not depend on the group: it goes on while that has no coordinator.
 */
export class KafkaInputLog implements InputLog {
  readonly #options: SourceOptions;
  readonly #logger: Logger;
  readonly #link: ClusterLink;
  readonly #reading: Link;
  readonly #fetching: Fetching;
  readonly #naming: Naming;
  readonly #membership: Membership;
  readonly #stopping = new AbortController();
  readonly #refusals = new Refusals();
  readonly #outage: Outage;
  /** Partitions that cannot be read: since when, by `performance.now`, and why. */
  readonly #unread = new Map<number, { readonly since: number; readonly error: string }>();
  /** Outages of partitions whose next batch cannot be unpacked. */
  readonly #unreadable = new Map<number, Outage>();
  #listener: InputListener | null = null;
  #assigned = false;
  #hasRead = false;

  constructor(options: SourceOptions) {
    const { address, topic, group } = options;
    this.#logger = options.logger.child({ topic, group });
    this.#options = { ...options, logger: this.#logger };
    this.#outage = new Outage({ elapsed: () => performance.now() }, this.#logger);
    this.#link = new ClusterLink(kafkaClient(address, this.#logger), this.#logger);
    this.#reading = clusterOf(kafkaClient(address, this.#logger, { socketFactory: oneBufferSockets }));
    const { cluster } = this.#reading;
    this.#fetching = new Fetching(
      cluster,
      { topic, rack: address.clientRack ?? undefined },
      {
        batch: (batch) => this.#deliver(batch),
        moved: (partition, from, next) => this.#guarded(() => this.#listener?.moved(partition, from, next)),
        questioned: (partition) => {
          this.#logger.debug({ partition }, 'another leader or topic: the record folded last is read back');
          this.#guarded(() => this.#listener?.questioned(partition));
        },
        outOfRange: (flow, goOn) => void this.#outOfRange(flow, goOn),
        failed: (error, partitions) => void this.#failedToRead(error, partitions),
        nearer: (partition, broker) => this.#logger.debug({ partition, broker }, 'read from a nearer replica'),
        read: (partition) => this.#read(partition),
      },
    );
    this.#naming = new Naming(this.#link, address, options.rights ?? []);
    this.#membership = new Membership(this.#options, cluster, this.#link, this.#naming, {
      assigned: (partitions) => this.#take(partitions),
      faltered: () => this.#listener?.faltered(),
      left: (error) => this.#listener?.failed(error),
    });
  }

  get inGroup(): boolean {
    return this.#membership.trouble === null;
  }

  get trouble(): string | null {
    return this.#membership.trouble;
  }

  unread(partition: number): { readonly since: number; readonly error: string } | null {
    const failing = this.#unread.get(partition);
    if (failing !== undefined) return { since: wallTime(failing.since), error: failing.error };
    const silent = [...this.#fetching.unanswered].find(({ partitions }) => partitions.includes(partition));
    if (silent === undefined || performance.now() - silent.since < UNREAD) return null;
    const broker = addressOf(this.#reading.cluster, silent.node);
    return { since: wallTime(silent.since), error: `broker ${broker} does not answer` };
  }

  async start(listener: InputListener): Promise<void> {
    if (this.#listener !== null) throw new Error('the input log was started before');
    this.#listener = listener;
    await this.#membership.start();
  }

  seek(partition: number, offset: number, anew = false): void {
    this.#flow(partition)?.seek(offset, anew);
  }

  resume(partition: number): void {
    this.#flow(partition)?.resume();
  }

  pause(partition: number): void {
    this.#flow(partition)?.pause();
  }

  async bounds(partition: number): Promise<Bounds> {
    const { topic } = this.#options;
    return await this.#link.ask(`offsets of ${topic}`, (cluster) => confirmedBounds(cluster, topic, partition));
  }

  async allBounds(): Promise<ReadonlyMap<number, Bounds>> {
    const { topic } = this.#options;
    return await this.#link.ask(`offsets of ${topic}`, (cluster) => appendedBounds(cluster, topic));
  }

  async offsetAt(partition: number, timestamp: number): Promise<number> {
    const { topic } = this.#options;
    return await this.#link.ask(`offsets of ${topic}`, (cluster) => offsetAt(cluster, topic, partition, timestamp));
  }

  async holds(partition: number): Promise<boolean> {
    const { memberId } = this.#membership;
    if (memberId === null) return false;
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
      await within(wallClock, COMMITTED, this.#membership.commit(offsets), () => {
        throw new Error(`no answer within ${COMMITTED} ms`);
      });
    } catch (error) {
      this.#logger.info({ err: messageOf(error) }, 'offsets were not committed to the group; only lag tools read them');
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#fetching.stop();
    this.#lose();
    await this.#membership.stop();
    const gone = this.#reading.disconnect().catch((error: unknown) => {
      this.#logger.debug({ err: messageOf(error) }, 'a connection to Kafka did not close');
    });
    await Promise.all([within(wallClock, LEAVE, gone), this.#link.close(LEAVE)]);
  }

  #flow(partition: number): Flow | undefined {
    return this.#fetching.flows.get(partition);
  }

  #take(partitions: readonly number[]): void {
    this.#assigned = true;
    this.#unread.clear();
    this.#fetching.assign(partitions);
    this.#logger.debug({ partitions }, 'assigned by the consumer group');
    this.#guarded(() => this.#listener?.assigned(partitions));
  }

  async #failedToRead(caught: Error, failing: readonly number[]): Promise<void> {
    const since = performance.now();
    const error = await this.#naming.named(caught);
    // Meanwhile it may be over.
    const partitions = failing.filter((partition) => this.#fetching.isFailing(partition));
    if (partitions.length === 0) return;
    const why = error instanceof UnreadableBatch ? `${messageOf(error)}. ${UNREADABLE}` : messageOf(error);
    if (this.#unread.size === 0) this.#listener?.faltered();
    for (const partition of partitions) {
      this.#unread.set(partition, { since: this.#unread.get(partition)?.since ?? since, error: why });
    }
    if (error instanceof UnreadableBatch) {
      for (const partition of partitions) this.#tellUnreadable(partition, error.offset, why);
      return;
    }
    this.#outage.failed({ err: why, partitions }, 'partitions cannot be read: whoever leads them now is asked for');
    // A right that was there before was taken away, and may be given back.
    const help = this.#hasRead && isDenied(error) ? null : this.#refusals.failed(error);
    if (help === null) return;
    const { topic } = this.#options;
    this.#listener?.failed(new Error(`cannot read topic ${topic}: ${why}: ${help}`, { cause: error }));
  }

  #tellUnreadable(partition: number, offset: number, why: string): void {
    let outage = this.#unreadable.get(partition);
    if (outage === undefined) {
      outage = new Outage({ elapsed: () => performance.now() }, this.#logger);
      this.#unreadable.set(partition, outage);
    }
    outage.failed({ partition, offset }, `partition ${partition} stands still, the others go on: ${why}`);
  }

  #read(partition: number): void {
    this.#refusals.over();
    this.#unreadable.get(partition)?.over('the partition can be read again', { partition });
    this.#unreadable.delete(partition);
    this.#unread.delete(partition);
    if (this.#unread.size === 0) this.#outage.over('all partitions can be read again');
  }

  #lose(): void {
    if (!this.#assigned) return;
    this.#assigned = false;
    this.#guarded(() => this.#listener?.revoked());
  }

  async #deliver(batch: RecordBatch): Promise<boolean> {
    this.#hasRead = true;
    try {
      await this.#listener?.batch(batch);
      return true;
    } catch (error) {
      this.#fail(error, `the records of partition ${batch.partition} from offset ${batch.from} were refused`);
      return false;
    }
  }

  /**
   * The position is not in the log. If it lies within the bounds after all (a broker may answer so while it comes up),
   * reading goes on, once the record folded last was read back: by then the log may have been filled past the position.
   * Otherwise the listener gets an empty batch where the log begins or ends: its chain is broken.
   */
  async #outOfRange(flow: Flow, goOn: (next: number) => void): Promise<void> {
    const { partition, generation, position } = flow;
    const { signal } = this.#stopping;
    const waits = new Backoff(WAITS);
    while (position !== null && flow.generation === generation && !signal.aborted) {
      try {
        const { earliest, end } = await this.bounds(partition);
        if (flow.generation !== generation) return;
        this.#logger.warn({ partition, position, earliest, end }, 'the broker says the position is not in the log');
        if (position >= earliest && position <= end) {
          await wallClock.sleep(waits.next(), signal);
          return goOn(position);
        }
        const at = position < earliest ? earliest : end;
        await this.#deliver({ partition, from: at, next: at, records: [], highWatermark: end });
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#logger.warn({ err: messageOf(error), partition }, 'cannot ask where the log begins and ends');
        await wallClock.sleep(waits.next(), signal);
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

/** ms since the epoch, of a time by `performance.now`: the same each time. */
function wallTime(at: number): number {
  return Math.round(performance.timeOrigin + at);
}
