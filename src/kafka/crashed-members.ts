import type { Logger } from 'pino';
import { messageOf } from '../ports/errors.ts';
import { wallClock } from '../time/clock.ts';
import { type KafkaAddress, kafkaClient } from './client.ts';
import { ClusterLink } from './cluster.ts';
import { dropMember, type ListedMember, membersOf } from './group.ts';
import { SESSION } from './membership.ts';

/** Longest wait for an answer of the group's coordinator, in ms. */
const SOON = 3_000;
/** Longest wait for all newcomers, and how often they are looked for, in ms. */
const NEWCOMERS = 2_000;
const LOOK_EVERY = 50;
/** How often the store is asked which processes are gone, in ms. */
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
  /** Whether the group has assigned all of them their partitions: it waits for none any more. */
  readonly assigned: () => boolean;
}

/**
 * The members that a group had before this processor came. The brokers wait for those that were killed until their
 * session has run out, and until then no member can join: so the processor that comes after them removes them from the
 * group.
 *
 * Being wrong costs a rebalance and nothing else: a member that is dropped and lives joins again, and what it may
 * commit is decided by its epoch in the store.
 */
export class CrashedMembers {
  readonly #options: CrashedOptions;
  readonly #link: ClusterLink;
  readonly #members: readonly ListedMember[];

  private constructor(options: CrashedOptions, link: ClusterLink, members: readonly ListedMember[]) {
    this.#options = options;
    this.#link = link;
    this.#members = members;
  }

  /**
   * Reads them, before any of this process joins: a group that rebalances does not give the names of its members'
   * processes. null: there are none with a name, or the group could not be asked, which is logged.
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
   * Removes those that were killed from the group, once all newcomers wait there. Not before: without them the group
   * would be empty, and a broker lets the first members of an empty group wait (`group.initial.rebalance.delay.ms`, 3 s
   * unless set); and all newcomers are then assigned their partitions at once.
   *
   * Asks which processes are gone for as long as the group may wait for a member: Postgres may still be at work for one
   * that was killed, and sees its end only after that. Never rejects: the group finds out itself.
   */
  async dropCrashed(newcomers: Newcomers, signal: AbortSignal): Promise<void> {
    const { logger, readGone, address } = this.#options;
    const session = address.sessionTimeout ?? SESSION;
    try {
      await this.#waitFor(newcomers, signal);
      let left = this.#members.filter(({ processor }) => processor !== null);
      const since = performance.now();
      while (left.length > 0 && !newcomers.assigned() && performance.now() - since < session) {
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

  async #waitFor({ count, assigned }: Newcomers, signal: AbortSignal): Promise<void> {
    const before = new Set(this.#members.map(({ id }) => id));
    for (const since = performance.now(); performance.now() - since < NEWCOMERS && !assigned(); ) {
      const members = await membersOf(this.#link, this.#options.group, SOON);
      if (members.filter(({ id }) => !before.has(id)).length >= count) return;
      await wallClock.sleep(LOOK_EVERY, signal);
      signal.throwIfAborted();
    }
  }

  async #drop(gone: readonly ListedMember[]): Promise<void> {
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
