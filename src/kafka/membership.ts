import type { Cluster } from 'kafkajs';
import type { Logger } from 'pino';
import { messageOf } from '../processor/errors.ts';
import { PROCESS_NAME } from '../processor/process-name.ts';
import { wholeAnswers } from './answers.ts';
import { Backoff } from './backoff.ts';
import { type KafkaAddress, kafkaClient } from './client.ts';
import type { ClusterLink } from './cluster.ts';
import { remedy } from './fatal.ts';
import { dropMember } from './group.ts';
import { Member, type MemberListener } from './member.ts';
import { partitionsOf } from './offsets.ts';
import type { Right } from './rights/declaration.ts';
import { lacking } from './rights/lacking.ts';
import { isDenied, MissingRights } from './rights/missing-rights.ts';
import { principalOf } from './rights/principal.ts';

/** Longest that leaving takes, in ms. */
export const LEAVE = 3_000;
/** Longest wait for the broker to say what the topic is like, in ms. */
const SOON = 5_000;
/**
 * How long the group waits for a silent member, in ms: a killed processor's partitions stand still so long. Heartbeats
 * go out every twentieth of it, from the thread that folds too.
 */
export const SESSION = 7_000;
/** An error that waiting does not help counts when it comes this often in a row: rights may arrive late on a broker. */
const FATAL_IN_A_ROW = 3;
/** ms */
const WARN_AGAIN = 60_000;

export interface MembershipOptions {
  readonly address: KafkaAddress;
  readonly group: string;
  readonly topic: string;
  /** Who owns the partitions in the store: this process unless given. */
  readonly processor?: string;
  /** Rights without which a member is thrown out again: while they are missing, none joins. */
  readonly rights?: readonly Right[];
  readonly logger: Logger;
  /** ms; the broker's bounds for it are 6 s and 30 min unless set. */
  readonly sessionTimeout?: number;
  /** Awaited before the first member joins, when all that it needs is there: members that come together are dealt once. */
  readonly together?: (() => Promise<void>) | undefined;
}

/** `left` is told only where no new member can be had. */
export interface MembershipListener extends MemberListener {
  /** There is no member any more; another will be. */
  lost(): void;
}

/** One member of the group at a time; one that KafkaJS gives up is replaced by a new one. */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #link: ClusterLink;
  readonly #listener: MembershipListener;
  readonly #stopping = new AbortController();
  /** Between one member that was lost and the next. */
  readonly #crashes = new Backoff();
  #member: Member | null = null;
  /** Id of a member that did not leave by itself. */
  #gone: string | null = null;
  #owned: readonly number[] = [];
  #fatalInARow = 0;
  /** Whether it has been in the group: then a right that is missing was taken away, and may be given back. */
  #wasMember = false;
  /** What the brokers refused last was for want of a right. */
  #denied = false;
  #warnedOf = '';
  #warnedAt = 0;
  #together: MembershipOptions['together'];

  constructor(options: MembershipOptions, link: ClusterLink, listener: MembershipListener) {
    this.#options = options;
    this.#link = link;
    this.#listener = listener;
    this.#together = options.together;
  }

  get member(): Member | null {
    return this.#member;
  }

  /**
   * Begins to join. With the broker away the first try is enough to wait for: whoever started goes on, and may stop.
   * @throws what waiting does not help.
   */
  async start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let waiting = false;
    this.#begin(1, () => {
      waiting = true;
      resolve();
    }).then(resolve, (error: Error) => (waiting ? this.#listener.left(error) : reject(error)));
    await promise;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const member = this.#member;
    this.#member = null;
    await member?.leave(LEAVE);
  }

  /** A new member, tried until it begins to join. @throws what waiting does not help, after so many tries. */
  async #begin(tries: number, retrying = () => {}): Promise<void> {
    const { topic, group, address } = this.#options;
    const { signal } = this.#stopping;
    const waits = new Backoff();
    while (!signal.aborted) {
      let member: Member | null = null;
      try {
        const partitions = await this.#link.ask(`partitions of ${topic}`, (cluster) => askedNow(cluster, topic), SOON);
        await this.#dropGone();
        if (this.#denied) await this.#mustHaveRights();
        if (signal.aborted) return;
        member = this.#newMember(partitions);
        this.#member = member;
        await member.begin(this.#together);
        this.#together = undefined;
        return;
      } catch (caught) {
        if (member !== null) await this.#abandon(member);
        const error = await this.#named(caught);
        if (signal.aborted) return;
        this.#count(error, tries);
        const wait = waits.next();
        this.#warn(
          messageOf(error),
          `cannot join consumer group ${group} at ${address.brokers.join(', ')}; trying again in ${wait} ms`,
        );
        retrying();
        await waits.sleep(wait, signal);
      }
    }
  }

  #newMember(partitions: number): Member {
    const { address, topic, group, logger, processor = PROCESS_NAME, sessionTimeout = SESSION } = this.#options;
    const rack = address.clientRack ?? null;
    const options = { topic, group, rack, partitions, sessionTimeout, processor, logger, owned: () => this.#owned };
    const { batch, moved, outOfRange } = this.#listener;
    const member: Member = new Member(kafkaClient(address, logger, { socketFactory: wholeAnswers }), options, {
      batch,
      moved,
      outOfRange,
      assigned: (own) => this.#take(member, own),
      left: (error) => void this.#replace(member, error),
    });
    return member;
  }

  #take(member: Member, partitions: readonly number[]): void {
    if (this.#member !== member) return;
    this.#owned = partitions;
    this.#fatalInARow = 0;
    this.#wasMember = true;
    this.#denied = false;
    this.#crashes.reset();
    this.#listener.assigned(partitions);
  }

  /** KafkaJS gave a member up. */
  async #replace(member: Member, error: Error): Promise<void> {
    if (this.#member !== member) return;
    this.#gone = member.lastId ?? this.#gone;
    this.#member = null;
    this.#listener.lost();
    await this.#abandon(member);
    try {
      const why = await this.#named(error);
      this.#count(why, FATAL_IN_A_ROW);
      const wait = this.#crashes.next();
      this.#warn(messageOf(why), `lost the membership of the consumer group; joining again in ${wait} ms`);
      await this.#crashes.sleep(wait, this.#stopping.signal);
      await this.#begin(FATAL_IN_A_ROW);
    } catch (fatal) {
      this.#listener.left(fatal as Error);
    }
  }

  async #abandon(member: Member): Promise<void> {
    if (this.#member === member) this.#member = null;
    await member.leave(LEAVE);
  }

  async #dropGone(): Promise<void> {
    if (this.#gone === null) return;
    const { group, logger } = this.#options;
    try {
      await dropMember(this.#link, group, this.#gone);
      this.#gone = null;
    } catch (error) {
      logger.debug(
        { err: messageOf(error) },
        'the group was not told of the member that was lost; it finds out itself',
      );
    }
  }

  /** An error that says which right is missing, where the brokers said only that one is. */
  async #named(error: unknown): Promise<unknown> {
    if (!isDenied(error) || error instanceof MissingRights) return error;
    this.#denied = true;
    try {
      await this.#mustHaveRights();
      return error;
    } catch (found) {
      return found instanceof MissingRights ? found : error;
    }
  }

  /** A member that joins in vain would have the whole group rebalance each time. @throws MissingRights */
  async #mustHaveRights(): Promise<void> {
    const { rights = [], address } = this.#options;
    const missing = await this.#link.ask('the rights of this user', (cluster) => lacking(cluster, rights), SOON);
    if (missing.length > 0) throw new MissingRights(missing, principalOf(address), address.brokers);
    this.#denied = false;
  }

  /** The same again within a minute goes to debug. */
  #warn(err: string, text: string): void {
    const now = performance.now();
    const again = err === this.#warnedOf && now - this.#warnedAt < WARN_AGAIN;
    if (!again) [this.#warnedOf, this.#warnedAt] = [err, now];
    this.#options.logger[again ? 'debug' : 'warn']({ err }, text);
  }

  /** @throws an error that waiting does not help, when it has come `most` times in a row. */
  #count(error: unknown, most: number): void {
    const help = this.#wasMember && isDenied(error) ? null : remedy(error);
    this.#fatalInARow = help === null ? 0 : this.#fatalInARow + 1;
    if (help === null || this.#fatalInARow < most) return;
    const { topic, group } = this.#options;
    throw new Error(`cannot read topic ${topic} in group ${group}: ${messageOf(error)}: ${help}`, { cause: error });
  }
}

/** Number of partitions, not from memory: that the brokers answer is part of the question. */
async function askedNow(cluster: Cluster, topic: string): Promise<number> {
  await cluster.addMultipleTargetTopics([topic]);
  await cluster.refreshMetadata();
  return (await partitionsOf(cluster, topic)).length;
}
