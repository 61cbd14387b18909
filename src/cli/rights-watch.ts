import type { Logger } from 'pino';
import { kafkaClient } from '../kafka/client.ts';
import { ClusterLink } from '../kafka/cluster.ts';
import type { Right } from '../kafka/rights/declaration.ts';
import { messageOf } from '../ports/errors.ts';
import type { Settings } from '../settings/index.ts';
import type { Clock } from '../time/clock.ts';
import { wallClock } from '../time/clock.ts';
import { byNeed, missingFor, missingRights } from './rights.ts';

/** Time between two looks whether it is time to ask for the rights, ms. */
const TICK = 1_000;
/** Time between two questions while all works, and while something does not, ms. */
const RARELY = 10_000;
const OFTEN = 5_000;
/** Time between two reports that the same rights are missing, ms. */
const REPORT_AGAIN = 60_000;

export interface RightsWatchParts {
  /** Gives the rights that this user lacks. */
  readonly findMissing: () => Promise<readonly Right[]>;
  /** Puts them into words. */
  readonly describe: (rights: readonly Right[]) => string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the processor cannot do its work at this moment. */
  readonly isHindered: () => boolean;
  /** Called with what is missing, again every minute, and with null once nothing is. */
  readonly onChange: (text: string | null) => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Asks the brokers, while `run` runs, whether this user still has the rights that it needs: their errors name at best the kind
 * of right that is missing, and some rights are only used once something has failed.
 */
export class RightsWatch {
  readonly #parts: RightsWatchParts;
  readonly #stopping = new AbortController();
  #missing: readonly Right[] = [];
  #reported = '';
  #reportedAt = 0;
  #done: Promise<void> | null = null;

  constructor(parts: RightsWatchParts) {
    this.#parts = parts;
  }

  /** What keeps the processor from its work; null: nothing does. */
  get hindrance(): string | null {
    const { needed } = byNeed(this.#missing);
    return needed.length === 0 ? null : this.#parts.describe(needed);
  }

  start(): void {
    this.#done = this.#run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
    if (this.#reported !== '') await this.#parts.onChange(null);
    await this.#parts.close();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, isHindered, logger } = this.#parts;
    let askedAt = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      const wait = this.#missing.length > 0 || isHindered() ? OFTEN : RARELY;
      if (clock.elapsed() - askedAt >= wait) {
        try {
          await this.#look();
        } catch (error) {
          // The processor reports brokers that are away: it needs them.
          logger.debug({ err: messageOf(error) }, 'the brokers did not tell the rights of this user');
        }
        askedAt = clock.elapsed();
      }
      await clock.sleep(TICK, signal);
    }
  }

  async #look(): Promise<void> {
    const { findMissing, describe, clock, logger, onChange } = this.#parts;
    this.#missing = await findMissing();
    const text = this.#missing.length === 0 ? '' : describe(this.#missing);
    const isNew = text !== this.#reported;
    if (!isNew && (text === '' || clock.elapsed() - this.#reportedAt < REPORT_AGAIN)) return;
    this.#reported = text;
    this.#reportedAt = clock.elapsed();
    const { needed } = byNeed(this.#missing);
    if (text === '') logger.info('this user has all rights again');
    else if (needed.length > 0) logger.error(text);
    // What is not needed is reported once: an owner may have chosen to go without it.
    else if (isNew) logger.warn(`going on without: ${text}`);
    await onChange(text === '' ? null : text);
  }
}

/** A watch over the brokers that the settings name. */
export function watchRights(
  settings: Settings,
  logger: Logger,
  isHindered: () => boolean,
  onChange: (text: string | null) => Promise<void>,
): RightsWatch {
  const link = new ClusterLink(kafkaClient(settings.kafka, logger), logger);
  return new RightsWatch({
    findMissing: () => missingFor('run', settings, link),
    describe: (rights) => missingRights(rights, settings).message,
    clock: wallClock,
    logger,
    isHindered,
    onChange,
    close: () => link.close(),
  });
}
