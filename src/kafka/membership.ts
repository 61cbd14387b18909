import type { Cluster } from 'kafkajs';
import type { Logger } from 'pino';
import { CannotGoOn, messageOf } from '../ports/errors.ts';
import { PROCESS_NAME } from '../ports/process-name.ts';
import { wallClock } from '../time/clock.ts';
import { Outage } from '../time/outage.ts';
import { Backoff, type Waits, within } from '../time/waiting.ts';
import type { KafkaAddress } from './client.ts';
import type { ClusterLink } from './cluster.ts';
import { remedy } from './fatal.ts';
import { dropMember } from './group.ts';
import { GroupMember } from './group-member.ts';
import { type Coordinator, coordinatorOf } from './kafkajs/coordinator.ts';
import { partitionsOf } from './offsets.ts';
import { Refusals } from './refusals.ts';
import type { Right } from './rights/declaration.ts';
import { isDenied } from './rights/missing-rights.ts';
import type { Naming } from './rights/naming.ts';

/** Longest that leaving takes, in ms. */
export const LEAVE = 3_000;
/** Waits between tries, ms: what is waited for is tried for some seconds each time besides. */
export const WAITS: Waits = { first: 250, longest: 3_000 };
/** Longest wait for the broker to describe the topic, in ms. */
const SOON = 5_000;
/** A coordinator that takes longer to answer a heartbeat may be another by now, ms. */
const HEARTBEAT = 2_000;
/** Longest wait before the group is asked again, ms: its new coordinator is found within that. */
const LONGEST = 1_000;
/** How much longer it waits each time that it has to join again before it was in, ms. */
const REJOIN = 50;
/**
 * How long the group waits for a silent member unless it is set, in ms: a killed processor's partitions stand still so
 * long. Heartbeats go out every twentieth of it, from the thread that folds too.
 */
export const SESSION = 7_000;

export interface MembershipOptions {
  readonly address: KafkaAddress;
  readonly group: string;
  readonly topic: string;
  /** How many partitions the topic had when the state was begun: with more of them nothing is folded. */
  readonly partitions?: number | undefined;
  /** Who owns the partitions in the store: this process unless given. */
  readonly processor?: string;
  readonly logger: Logger;
  /** ms; the broker's bounds for it are 6 s and 30 min unless set. */
  readonly sessionTimeout?: number;
  /** Awaited before it joins, when all that it needs is there: members that come together rebalance once. */
  readonly together?: (() => Promise<void>) | undefined;
  /** Rights that this user needs: where the brokers refuse something, the missing one is named. */
  readonly rights?: readonly Right[];
}

export interface MembershipListener {
  /** The group has rebalanced: these partitions, and no others, are its. */
  assigned(partitions: readonly number[]): void;
  /** The group does not answer any more; it is asked again. */
  faltered(): void;
  /** An error that waiting does not help has lasted. */
  left(error: Error): void;
}

/**
 * The place in the consumer group. It is kept until the group takes it away: while the coordinator is away no other
 * member can be assigned its partitions, and one that is assigned them later takes them over in the store.
 */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #cluster: Cluster;
  readonly #link: ClusterLink;
  readonly #naming: Naming;
  readonly #listener: MembershipListener;
  readonly #session: number;
  readonly #member: GroupMember;
  readonly #stopping = new AbortController();
  readonly #refusals = new Refusals();
  readonly #outage: Outage;
  #coordinator: Coordinator | null = null;
  /** When the group was last heard, by `performance.now`. */
  #heard = Number.NEGATIVE_INFINITY;
  #lastError: string | null = null;
  /** Whether it has been in the group: then a right that is missing was taken away, and may be given back. */
  #wasMember = false;

  constructor(
    options: MembershipOptions,
    cluster: Cluster,
    link: ClusterLink,
    naming: Naming,
    listener: MembershipListener,
  ) {
    const { group, topic, partitions, processor = PROCESS_NAME, sessionTimeout, address } = options;
    this.#options = options;
    this.#cluster = cluster;
    this.#link = link;
    this.#naming = naming;
    this.#listener = listener;
    this.#session = sessionTimeout ?? address.sessionTimeout ?? SESSION;
    this.#member = new GroupMember(cluster, { group, topic, partitions, processor, sessionTimeout: this.#session });
    this.#outage = new Outage({ elapsed: () => performance.now() }, options.logger);
  }

  /** Its id; null while the group has assigned it nothing, as far as is known. */
  get memberId(): string | null {
    return this.#member.isIn ? this.#member.id : null;
  }

  /** Why it is not known to be in the group; null: it is, or was within the session timeout. */
  get trouble(): string | null {
    const silent = performance.now() - this.#heard;
    if (silent < this.#session) return null;
    const { group } = this.#options;
    const why = this.#lastError === null ? '' : `: ${this.#lastError}`;
    if (silent === Number.POSITIVE_INFINITY) return `not in consumer group ${group} yet${why}`;
    // The same words as long as it lasts.
    const since = new Date(Math.round(performance.timeOrigin + this.#heard)).toISOString();
    return `consumer group ${group} has not answered since ${since}${why}`;
  }

  /**
   * Begins to join. With the broker away this waits for the first try only: the caller goes on, and may stop.
   * @throws what waiting does not help.
   */
  async start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let waiting = false;
    const began = this.#begin(() => {
      waiting = true;
      resolve();
    });
    began.then(resolve, (error: Error) => (waiting ? this.#listener.left(error) : reject(error)));
    await promise;
  }

  /** Leaves the group. Resolves within `LEAVE` ms. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const { group, logger } = this.#options;
    const { id } = this.#member;
    if (id === '') return;
    const left = dropMember(this.#link, group, id).catch((error: unknown) =>
      logger.info({ err: messageOf(error) }, 'the consumer group was not told of leaving; it finds out itself'),
    );
    await within(wallClock, LEAVE, left, () =>
      logger.warn('leaving the consumer group takes long; it drops this member itself'),
    );
  }

  /** For lag tools. @throws where the group does not answer. */
  async commit(offsets: ReadonlyMap<number, number>): Promise<void> {
    if (this.#coordinator === null) throw new Error(this.#lastError ?? 'no coordinator is known');
    await this.#member.commit(this.#coordinator, offsets);
  }

  /** Waits for the brokers and the topic, then joins. @throws what waiting does not help. */
  async #begin(retrying: () => void): Promise<void> {
    const { topic, group, address, logger, together } = this.#options;
    const { signal } = this.#stopping;
    const waits = new Backoff(WAITS);
    while (!signal.aborted) {
      try {
        await this.#link.ask(`partitions of ${topic}`, (cluster) => askedNow(cluster, topic), SOON);
        await together?.();
        void this.#stay().catch((error: Error) => this.#listener.left(error));
        return;
      } catch (caught) {
        const error = await this.#naming.named(caught);
        if (signal.aborted) return;
        const help = remedy(error);
        if (help !== null) throw this.#refused(error, help);
        this.#lastError = messageOf(error);
        const wait = waits.next();
        logger.warn(
          { err: messageOf(error) },
          `cannot join consumer group ${group} at ${address.brokers.join(', ')}; trying again in ${wait} ms`,
        );
        retrying();
        await wallClock.sleep(wait, signal);
      }
    }
  }

  /** Joins, and stays in the group until it is stopped. @throws what waiting does not help, once it has lasted. */
  async #stay(): Promise<void> {
    const { signal } = this.#stopping;
    const waits = new Backoff(WAITS);
    let rejoined = 0;
    const settled = () => {
      waits.reset();
      rejoined = 0;
    };
    while (!signal.aborted) {
      try {
        // Without a target topic the cluster would ask for all topics.
        await this.#cluster.addMultipleTargetTopics([this.#options.topic]);
        const coordinator = await coordinatorOf(this.#cluster, this.#options.group);
        this.#coordinator = coordinator;
        if (!this.#member.isIn) {
          const partitions = await this.#member.join(coordinator);
          if (signal.aborted) return;
          this.#heardFromGroup();
          this.#wasMember = true;
          this.#listener.assigned(partitions);
        }
        await this.#beat(coordinator, settled);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof CannotGoOn) throw error;
        this.#coordinator = null;
        if (this.#member.leaveIfExpelled(error)) {
          // All the other members wait for one that a heartbeat has asked to join again.
          await wallClock.sleep(Math.min(LONGEST, REJOIN * rejoined), signal);
          rejoined += 1;
          continue;
        }
        this.#failed(await this.#naming.named(error));
        await wallClock.sleep(Math.min(LONGEST, waits.next()), signal);
      }
    }
  }

  /** Stays in the group until that has to rebalance. @throws where it does not answer, or asks for it itself. */
  async #beat(coordinator: Coordinator, answered: () => void): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      await wallClock.sleep(Math.floor(this.#session / 20), signal);
      signal.throwIfAborted();
      await within(wallClock, HEARTBEAT, this.#member.heartbeat(coordinator), () => {
        throw new Error(`no answer to a heartbeat within ${HEARTBEAT} ms`);
      });
      this.#heardFromGroup();
      answered();
      if (await this.#member.mustRebalance()) return this.#member.leave();
    }
  }

  #heardFromGroup(): void {
    this.#heard = performance.now();
    this.#lastError = null;
    this.#refusals.over();
    this.#outage.over('the consumer group answers again');
  }

  /** @throws where it has lasted. */
  #failed(error: unknown): void {
    const { group } = this.#options;
    if (this.#lastError === null) this.#listener.faltered();
    this.#lastError = messageOf(error);
    const help = this.#wasMember && isDenied(error) ? null : this.#refusals.failed(error);
    if (help !== null) throw this.#refused(error, help);
    const kept = this.#member.isIn ? 'what it has assigned is kept meanwhile' : 'nothing is assigned meanwhile';
    this.#outage.failed({ err: this.#lastError }, `consumer group ${group} does not answer: ${kept}`);
  }

  #refused(error: unknown, help: string): Error {
    const { topic, group } = this.#options;
    return new Error(`cannot read topic ${topic} in group ${group}: ${messageOf(error)}: ${help}`, { cause: error });
  }
}

/** Number of partitions, not from memory: that the brokers answer is part of the question. */
async function askedNow(cluster: Cluster, topic: string): Promise<number> {
  await cluster.addMultipleTargetTopics([topic]);
  await cluster.refreshMetadata();
  return (await partitionsOf(cluster, topic)).length;
}
