import type { Logger } from 'pino';
import { kafkaClient } from '../kafka/client.ts';
import { ClusterLink } from '../kafka/cluster.ts';
import type { Right } from '../kafka/rights/declaration.ts';
import { messageOf } from '../ports/errors.ts';
import type { Settings } from '../settings/index.ts';
import type { Clock } from '../time/clock.ts';
import { wallClock } from '../time/clock.ts';
import { apart, missingFor, missingRights } from './rights.ts';

/** Time between two looks whether it is time to ask for the rights, ms. */
const TICK = 1_000;
/** Time between two questions while all works, and while something does not, ms. */
const RARELY = 10_000;
const OFTEN = 5_000;
/** Time between two reports that the same rights are missing, ms. */
const SAY_AGAIN = 60_000;

export interface RightsWatchParts {
  /** Gives the rights that this user lacks. */
  readonly ask: () => Promise<readonly Right[]>;
  /** Puts them into words. */
  readonly say: (rights: readonly Right[]) => string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the processor cannot do its work at this moment. */
  readonly isHindered: () => boolean;
  /** Called with what is missing, again every minute, and with null once nothing is. */
  readonly tell: (text: string | null) => Promise<void>;
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
  #said = '';
  #saidAt = 0;
  #done: Promise<void> | null = null;

  constructor(parts: RightsWatchParts) {
    this.#parts = parts;
  }

  /** What keeps the processor from its work; null: nothing does. */
  get hindrance(): string | null {
    const { needed } = apart(this.#missing);
    return needed.length === 0 ? null : this.#parts.say(needed);
  }

  start(): void {
    this.#done = this.#run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
    if (this.#said !== '') await this.#parts.tell(null);
    await this.#parts.close();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, isHindered, logger } = this.#parts;
    let asked = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      const wait = this.#missing.length > 0 || isHindered() ? OFTEN : RARELY;
      if (clock.elapsed() - asked >= wait) {
        try {
          await this.#look();
        } catch (error) {
          // The processor reports brokers that are away: it needs them.
          logger.debug({ err: messageOf(error) }, 'the brokers did not tell the rights of this user');
        }
        asked = clock.elapsed();
      }
      await clock.sleep(TICK, signal);
    }
  }

  async #look(): Promise<void> {
    const { ask, say, clock, logger, tell } = this.#parts;
    this.#missing = await ask();
    const text = this.#missing.length === 0 ? '' : say(this.#missing);
    const isNew = text !== this.#said;
    if (!isNew && (text === '' || clock.elapsed() - this.#saidAt < SAY_AGAIN)) return;
    this.#said = text;
    this.#saidAt = clock.elapsed();
    const { needed } = apart(this.#missing);
    if (text === '') logger.info('this user has all rights again');
    else if (needed.length > 0) logger.error(text);
    // What is not needed is reported once: an owner may have chosen to go without it.
    else if (isNew) logger.warn(`going on without: ${text}`);
    await tell(text === '' ? null : text);
  }
}

/** A watch over the brokers that the settings name. */
export function watchRights(
  settings: Settings,
  logger: Logger,
  isHindered: () => boolean,
  tell: (text: string | null) => Promise<void>,
): RightsWatch {
  const link = new ClusterLink(kafkaClient(settings.kafka, logger), logger);
  return new RightsWatch({
    ask: () => missingFor('run', settings, link),
    say: (rights) => missingRights(rights, settings).message,
    clock: wallClock,
    logger,
    isHindered,
    tell,
    close: () => link.close(),
  });
}
