import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../processor/errors.ts';
import { type KafkaAddress, kafkaClient } from './client.ts';
import { ClusterLink } from './cluster.ts';
import { dropMember, type GroupMember, membersOf } from './group.ts';

/** Longest wait for an answer of the group's coordinator, in ms. */
const SOON = 3_000;
/** Longest wait for all newcomers, and how often they are looked for, in ms. */
const NEWCOMERS = 2_000;
const LOOK_EVERY = 50;

export interface KilledOptions {
  readonly address: KafkaAddress;
  readonly group: string;
  /** Names of processes that are gone: see `readGoneOwners`. */
  readonly processors: readonly string[];
  readonly logger: Logger;
}

/**
 * Members of the group that were killed: the brokers know no better than to wait for them until their session has run
 * out, and nobody can join as long. Whoever comes after them tells the group that they are gone.
 *
 * Being wrong costs a rebalance and nothing else: a member that is dropped and lives joins again, and what it may
 * commit is decided by its epoch in the store.
 */
export class Killed {
  readonly #options: KilledOptions;
  readonly #link: ClusterLink;
  readonly #ids: readonly string[];
  /** All members there were, killed and alive. */
  readonly #before: ReadonlySet<string>;

  private constructor(options: KilledOptions, link: ClusterLink, ids: readonly string[], before: ReadonlySet<string>) {
    this.#options = options;
    this.#link = link;
    this.#ids = ids;
    this.#before = before;
  }

  /**
   * Looks for them, before anybody joins: a group that deals anew does not tell what its members call themselves.
   * null: there are none, or the group could not be asked, which is logged.
   */
  static async find(options: KilledOptions): Promise<Killed | null> {
    const { address, group, processors, logger } = options;
    if (processors.length === 0) return null;
    const link = new ClusterLink(kafkaClient(address, logger), logger);
    try {
      const members = await membersOf(link, group, SOON);
      const gone = members.filter(({ processor }) => processor !== null && processors.includes(processor));
      const ids = (of: readonly GroupMember[]) => of.map(({ id }) => id);
      if (gone.length > 0) return new Killed(options, link, ids(gone), new Set(ids(members)));
    } catch (error) {
      logUnasked(logger, error);
    }
    await link.close();
    return null;
  }

  /**
   * Tells the group, once so many newcomers wait there. Not before: with nobody else in it the group would be empty,
   * and a broker lets those wait who come to an empty group (`group.initial.rebalance.delay.ms`, 3 s unless set); and
   * all newcomers are then dealt their partitions at once. Never rejects: the group finds out itself.
   */
  async drop(newcomers: number, signal: AbortSignal): Promise<void> {
    const { group, processors, logger } = this.#options;
    try {
      const before = performance.now();
      while (performance.now() - before < NEWCOMERS && (await this.#newcomers()) < newcomers) {
        await sleep(LOOK_EVERY, undefined, { signal });
      }
      await Promise.all(this.#ids.map((id) => dropMember(this.#link, group, id)));
      logger.info(
        { members: this.#ids.length, processors },
        'told the consumer group that the members of a killed processor are gone: nobody waits for their session to run out',
      );
    } catch (error) {
      if (!signal.aborted) logUnasked(logger, error);
    } finally {
      await this.#link.close();
    }
  }

  async #newcomers(): Promise<number> {
    const members = await membersOf(this.#link, this.#options.group, SOON);
    return members.filter(({ id }) => !this.#before.has(id)).length;
  }
}

function logUnasked(logger: Logger, error: unknown): void {
  logger.info(
    { err: messageOf(error) },
    'the consumer group was not told of members that were killed: it waits until their session has run out',
  );
}
