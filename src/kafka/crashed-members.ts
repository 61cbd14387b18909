import type { Logger } from 'pino';
import { messageOf } from '../ports/errors.ts';
import { wallClock } from '../time/clock.ts';
import { type KafkaAddress, kafkaClient } from './client.ts';
import { ClusterLink } from './cluster.ts';
import { dropMember, type GroupMember, membersOf } from './group.ts';
import { SESSION } from './membership.ts';

/** Longest wait for an answer of the group's coordinator, in ms. */
const SOON = 3_000;
/** Longest wait for all newcomers, and how often they are looked for, in ms. */
const NEWCOMERS = 2_000;
const LOOK_EVERY = 50;
/** How often it is asked who is gone, in ms. */
const ASK_EVERY = 500;

export interface CrashedOptions {
  readonly address: KafkaAddress;
  readonly group: string;
  /** Names of processes that are gone at this moment: see `readGoneOwners`. */
  readonly readGone: () => Promise<readonly string[]>;
  readonly logger: Logger;
}

export interface Newcomers {
  /** How many there will be. */
  readonly count: number;
  /** Whether the group has dealt all of them their partitions: it waits for nobody any more. */
  readonly dealt: () => boolean;
}

/**
 * The members that a group had before this processor came. Of those that were killed the brokers know no better than to
 * wait until their session has run out, and nobody can join as long: whoever comes after them tells the group that they
 * are gone.
 *
 * Being wrong costs a rebalance and nothing else: a member that is dropped and lives joins again, and what it may
 * commit is decided by its epoch in the store.
 */
export class CrashedMembers {
  readonly #options: CrashedOptions;
  readonly #link: ClusterLink;
  readonly #members: readonly GroupMember[];

  private constructor(options: CrashedOptions, link: ClusterLink, members: readonly GroupMember[]) {
    this.#options = options;
    this.#link = link;
    this.#members = members;
  }

  /**
   * Reads them, before anybody joins: a group that deals anew does not tell what its members call themselves.
   * null: there are none that say it, or the group could not be asked, which is logged.
   */
  static async read(options: CrashedOptions): Promise<CrashedMembers | null> {
    const { address, group, logger } = options;
    const link = new ClusterLink(kafkaClient(address, logger), logger);
    try {
      const members = await membersOf(link, group, SOON);
      if (members.some(({ processor }) => processor !== null)) return new CrashedMembers(options, link, members);
    } catch (error) {
      logUnasked(logger, error);
    }
    await link.close();
    return null;
  }

  /**
   * Tells the group which of them were killed, once all newcomers wait there. Not before: with nobody else in it the
   * group would be empty, and a broker lets those wait who come to an empty group (`group.initial.rebalance.delay.ms`,
   * 3 s unless set); and all newcomers are then dealt their partitions at once.
   *
   * Asks who is gone as long as the group may wait for somebody: Postgres may still be at work for a process that was
   * killed, and only sees its end after that. Never rejects: the group finds out itself.
   */
  async dropKilled(newcomers: Newcomers, signal: AbortSignal): Promise<void> {
    const { logger, readGone, address } = this.#options;
    const session = address.sessionTimeout ?? SESSION;
    try {
      await this.#waitFor(newcomers, signal);
      let left = this.#members.filter(({ processor }) => processor !== null);
      const since = performance.now();
      while (left.length > 0 && !newcomers.dealt() && performance.now() - since < session) {
        const names = await readGone();
        const gone = left.filter(({ processor }) => names.includes(processor!));
        if (gone.length > 0) await this.#drop(gone);
        left = left.filter((member) => !gone.includes(member));
        await wallClock.sleep(ASK_EVERY, signal);
        signal.throwIfAborted();
      }
    } catch (error) {
      if (!signal.aborted) logUnasked(logger, error);
    } finally {
      await this.#link.close();
    }
  }

  async #waitFor({ count, dealt }: Newcomers, signal: AbortSignal): Promise<void> {
    const before = new Set(this.#members.map(({ id }) => id));
    for (const since = performance.now(); performance.now() - since < NEWCOMERS && !dealt(); ) {
      const members = await membersOf(this.#link, this.#options.group, SOON);
      if (members.filter(({ id }) => !before.has(id)).length >= count) return;
      await wallClock.sleep(LOOK_EVERY, signal);
      signal.throwIfAborted();
    }
  }

  async #drop(gone: readonly GroupMember[]): Promise<void> {
    const { group, logger } = this.#options;
    await Promise.all(gone.map(({ id }) => dropMember(this.#link, group, id)));
    logger.info(
      { members: gone.length, processors: [...new Set(gone.map(({ processor }) => processor))] },
      'told the consumer group that the members of a killed processor are gone: nobody waits for their session to run out',
    );
  }
}

function logUnasked(logger: Logger, error: unknown): void {
  logger.info(
    { err: messageOf(error) },
    'the consumer group was not told of members that were killed: it waits until their session has run out',
  );
}
