import type { Logger } from 'pino';
import { kafkaClient } from '../kafka/client.ts';
import { ClusterLink } from '../kafka/cluster.ts';
import { topicsIn } from '../kafka/refused-topics.ts';
import type { TopicDescription } from '../kafka/topics.ts';
import { topicsNow } from '../kafka/topics-now.ts';
import { CannotGoOn, messageOf } from '../ports/errors.ts';
import { connect } from '../postgres/connect.ts';
import { assertSchemaVersion, WrongSchemaVersion } from '../postgres/migrate.ts';
import { assertRights, MissingRoleRights } from '../postgres/rights.ts';
import type { Settings } from '../settings/index.ts';
import type { Clock } from '../time/clock.ts';
import { wallClock } from '../time/clock.ts';
import { Outage } from '../time/outage.ts';
import { Waker } from '../time/waiting.ts';
import { judgeTopics, limitOf, missingTopic, topicsOf } from './preflight.ts';

/** Time between two looks, and until the next once something is wrong, ms. */
const LOOK_EVERY = 30_000;
const SOON = 5_000;
/** What a start would refuse has to be seen again after this, ms: a broker that is behind may answer with an older state. */
const CONFIRM_AFTER = 2_000;
/** A topic that is missing for this long is not just being made anew, ms. */
const GONE_AFTER = 10_000;

export interface PreconditionWatchParts {
  /** The topics as they are now, in the order of `before`. */
  readonly topics: () => Promise<readonly TopicDescription[]>;
  /** The topics as the start found them. */
  readonly before: readonly TopicDescription[];
  /** Warns of what is wrong with topics that have changed. @throws CannotGoOn where a start would refuse them */
  readonly judge: (topics: readonly TopicDescription[]) => void;
  /** @throws WrongSchemaVersion, MissingRoleRights */
  readonly database: () => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once, with what a start would refuse. */
  readonly refuse: (error: CannotGoOn) => void;
  readonly close: () => Promise<void>;
}

/**
 * Checks, while `run` runs, that what its start looked at still holds: topics, and the database's schema and rights. It reports
 * a change at once, and ends the processor for one that a start would refuse. For a missing right in Postgres it waits, as
 * RightsWatch does for those at the brokers.
 */
export class PreconditionWatch {
  readonly #parts: PreconditionWatchParts;
  readonly #stopping = new AbortController();
  readonly #waker: Waker;
  readonly #rights: Outage;
  #topics: readonly TopicDescription[];
  /** What the last look would refuse; this look refuses it if it is still so. */
  #refusedBefore: string | null = null;
  /** Since when a topic is missing, by the clock's `elapsed`. */
  #goneSince: number | null = null;
  #hindrance: string | null = null;
  #done: Promise<void> | null = null;

  constructor(parts: PreconditionWatchParts) {
    this.#parts = parts;
    this.#topics = parts.before;
    this.#waker = new Waker(parts.clock);
    this.#rights = new Outage(parts.clock, parts.logger);
  }

  /** What keeps the processor from its work; null: nothing does. */
  get hindrance(): string | null {
    return this.#hindrance;
  }

  start(): void {
    this.#done = this.#run(this.#stopping.signal);
  }

  /** Looks at once. */
  look(): void {
    this.#waker.wake();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#waker.wake();
    await this.#done;
    await this.#parts.close();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { logger, refuse } = this.#parts;
    await this.#waker.sleep(LOOK_EVERY);
    while (!signal.aborted) {
      const refused =
        (await this.#refusal(() => this.#lookAtTopics())) ?? (await this.#refusal(() => this.#lookAtDatabase()));
      if (signal.aborted) return;
      if (refused !== null && refused.message === this.#refusedBefore) {
        logger.fatal({ err: refused.message }, 'stopping: this cannot go on without a decision');
        return refuse(refused);
      }
      this.#refusedBefore = refused?.message ?? null;
      const isWrong = this.#goneSince !== null || this.#hindrance !== null;
      await this.#waker.sleep(refused !== null ? CONFIRM_AFTER : isWrong ? SOON : LOOK_EVERY);
    }
  }

  /** What a start would refuse; null: nothing, or it could not be looked at. */
  async #refusal(look: () => Promise<void>): Promise<CannotGoOn | null> {
    try {
      await look();
    } catch (error) {
      if (error instanceof CannotGoOn) return error;
      if (error instanceof WrongSchemaVersion) return new CannotGoOn(error.message, { cause: error });
      // The processor reports parts that are away: it needs them.
      this.#parts.logger.debug({ err: messageOf(error) }, 'what the start looked at could not be looked at again');
    }
    return null;
  }

  async #lookAtTopics(): Promise<void> {
    const { judge, clock } = this.#parts;
    let topics: readonly TopicDescription[];
    try {
      topics = await this.#parts.topics();
    } catch (error) {
      if ((error as { readonly type?: string }).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
      this.#goneSince ??= clock.elapsed();
      if (clock.elapsed() - this.#goneSince < GONE_AFTER) return;
      const gone = topicsIn(error);
      const all = this.#topics.map(({ topic }) => topic);
      throw missingTopic(gone.length > 0 ? gone.join(', ') : `of ${all.join(', ')}, one at least,`);
    }
    this.#goneSince = null;
    const now = topics.map((topic, i) => withKnown(topic, this.#topics[i]!));
    if (JSON.stringify(now) === JSON.stringify(this.#topics)) return;
    // It throws for what a start would refuse, so that the next look judges that again.
    judge(now);
    for (const [i, topic] of now.entries()) this.#report(this.#topics[i]!, topic, i > 0);
    this.#topics = now;
  }

  #report(was: TopicDescription, is: TopicDescription, isGiven: boolean): void {
    const { logger } = this.#parts;
    const { topic } = is;
    for (const [name, before, now] of differences(was, is)) {
      logger.warn({ topic, [name]: now, before }, `topic ${topic} has changed while this processor runs: ${name}`);
    }
    if (!isGiven) return;
    if (was.partitions !== is.partitions) {
      logger.warn(
        { topic, partitions: is.partitions },
        `messages of a session may go to another partition of ${topic} than those before: a consumer sees them in order only ` +
          'where it reads the partitions in order of time',
      );
    }
    if (limitOf(is) < limitOf(was)) {
      logger.warn(
        { topic, 'max.message.bytes': limitOf(is) },
        `messages of up to ${limitOf(was)} bytes are made for ${topic}, and it takes no more than ${limitOf(is)}: set ` +
          'max.message.bytes back, or start all processors anew once what is made is published',
      );
    }
  }

  async #lookAtDatabase(): Promise<void> {
    try {
      await this.#parts.database();
      this.#hindrance = null;
      this.#rights.over('this role has all rights in Postgres again');
    } catch (error) {
      if (!(error instanceof MissingRoleRights)) throw error;
      this.#hindrance = error.message;
      this.#rights.failed({}, error.message);
    }
  }
}

/** A value that brokers no longer give, as where the right to ask was taken away, counts as unchanged. */
function withKnown(is: TopicDescription, was: TopicDescription): TopicDescription {
  if (is.config === null || was.config === null) return { ...is, config: was.config ?? is.config };
  return { ...is, config: { ...was.config, ...is.config } };
}

function differences(was: TopicDescription, is: TopicDescription): [name: string, before: unknown, now: unknown][] {
  const flat = ({ partitions, replicas, config }: TopicDescription): Record<string, unknown> => ({
    ...{ partitions, replicas },
    ...config,
  });
  const [before, now] = [flat(was), flat(is)];
  return Object.keys(now).flatMap((name) => (before[name] === now[name] ? [] : [[name, before[name], now[name]]]));
}

/** A watch over the brokers and Postgres that the settings name. */
export function watchPreconditions(
  settings: Settings,
  { partitions, topics: before }: { readonly partitions: number; readonly topics: readonly TopicDescription[] },
  logger: Logger,
  refuse: (error: CannotGoOn) => void,
): PreconditionWatch {
  const link = new ClusterLink(kafkaClient(settings.kafka, logger), logger);
  return new PreconditionWatch({
    topics: () => topicsNow(link, topicsOf(settings)),
    before,
    judge: (topics) => judgeTopics(topics, partitions, settings, logger),
    database: () => lookAtDatabase(settings),
    clock: wallClock,
    logger,
    refuse,
    close: () => link.close(),
  });
}

async function lookAtDatabase({ database }: Settings): Promise<void> {
  const client = await connect(database, 'tidemark run', database.answerTimeout);
  try {
    await assertRights(client, database.schema, 'run');
    await assertSchemaVersion(client, database.schema);
  } finally {
    await client.end();
  }
}
