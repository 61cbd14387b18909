import type pg from 'pg';
import type { Logger } from 'pino';
import type { Json } from '../core/rules/event.ts';
import { durabilityGaps } from '../kafka/durability.ts';
import { MESSAGE_BYTES } from '../kafka/layout.ts';
import { otherPartitions } from '../kafka/other-partitions.ts';
import { type TopicDescription, Topics } from '../kafka/topics.ts';
import { CannotGoOn, messageOf } from '../ports/errors.ts';
import { connect, DatabaseUnreachable } from '../postgres/connect.ts';
import { type Meta, readMeta, writeMeta } from '../postgres/meta.ts';
import { assertSchemaVersion } from '../postgres/migrate.ts';
import { assertRights } from '../postgres/rights.ts';
import { assertServer } from '../postgres/server.ts';
import { decidingDifferences, decidingSettings, explainDifferences, type Settings } from '../settings/index.ts';
import { wallClock } from '../time/clock.ts';
import { Outage } from '../time/outage.ts';
import { backoff } from '../time/waiting.ts';
import type { EnvelopeContext } from '../wire/envelope.ts';
import { Failure, isAway } from './failure.ts';

/** What the processor starts from, once nothing is refused. */
export interface Checked {
  readonly meta: Meta & { readonly outputSchemaId: number };
}

/** What a start reports to, and what ends it. */
export interface StartContext {
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Called with what the start waits for, since when (ms since the epoch) and why; null: it waits no longer. */
  readonly waits?: (wait: { readonly what: string; readonly since: number; readonly error: string } | null) => void;
}

/**
 * Checks that the state in the database may be folded on with these settings. Waits while Postgres is away, and logs it.
 * @throws CannotGoOn, or a Failure where the settings are wrong, with what happened and what to do.
 */
export async function checkDatabase(settings: Settings, starting: StartContext): Promise<Checked> {
  return retryWhileAway('Postgres', starting, async () => {
    const { schema } = settings.database;
    const client = await connect(settings.database, 'tidemark run', settings.database.answerTimeout);
    try {
      await refuse(() => assertServer(client));
      await refuse(() => assertRights(client, schema, 'run'));
      await refuse(() => assertSchemaVersion(client, schema));
      const meta = await readMeta(client);
      if (meta === null || meta.outputSchemaId === null) {
        throw new CannotGoOn(`schema ${schema} has not been set up for a topic yet: run tidemark setup`);
      }
      return { meta: { ...(await checkMeta(client, meta, settings)), outputSchemaId: meta.outputSchemaId } };
    } finally {
      await client.end();
    }
  });
}

async function checkMeta(client: pg.Client, meta: Meta, settings: Settings): Promise<Meta> {
  const differences = decidingDifferences(meta.settings as Record<string, Json>, settings);
  if (differences.length === 0) return meta;
  const { rows } = await client.query<{ started: boolean }>(
    'SELECT coalesce(bool_or(started), false) AS started FROM partition_state',
  );
  if (rows[0]!.started) throw new Failure(2, explainDifferences(differences));
  if (meta.inputTopic !== settings.input.topic) {
    throw new CannotGoOn(
      `the database was set up for topic ${meta.inputTopic}, and input.topic is ${settings.input.topic}: run tidemark setup`,
    );
  }
  const now = { ...meta, settings: decidingSettings(settings) };
  await writeMeta(client, now);
  return now;
}

/** The topics that `run` reads and writes: the input first. */
export function topicsOf({ input, output, deadLetter, late }: Settings): string[] {
  return [input, output, deadLetter, late].map(({ topic }) => topic);
}

/**
 * Checks that the state was folded from these topics, and that they can take the messages. Waits while the brokers are away,
 * and logs it.
 * @param partitions of the input when the database was set up.
 * @throws CannotGoOn, with what happened and what to do.
 */
export async function checkTopics(
  settings: Settings,
  partitions: number,
  starting: StartContext,
): Promise<{ readonly maxBytes: EnvelopeContext['maxBytes']; readonly topics: readonly TopicDescription[] }> {
  const { logger } = starting;
  const topics = new Topics(settings.kafka, logger);
  const describe = async (topic: string): Promise<TopicDescription> => {
    const found = await retryWhileAway('Kafka', starting, () => topics.describe(topic));
    if (found === null) throw missingTopic(topic);
    return found;
  };
  try {
    const found: TopicDescription[] = [];
    for (const topic of topicsOf(settings)) found.push(await describe(topic));
    judgeTopics(found, partitions, settings, logger);
    const [, output, deadLetter, late] = found.map(limitOf) as [number, number, number, number];
    return { maxBytes: { output, 'dead-letter': deadLetter, late }, topics: found };
  } finally {
    await topics.close();
  }
}

export function missingTopic(topic: string): CannotGoOn {
  return new CannotGoOn(`topic ${topic} does not exist: make it with tidemark setup`);
}

/**
 * Refuses the topics, or warns of how they are configured.
 * @param topics in the order of `topicsOf`.
 * @throws CannotGoOn, with what happened and what to do.
 */
export function judgeTopics(
  topics: readonly TopicDescription[],
  partitions: number,
  settings: { readonly input: Pick<Settings['input'], 'timestamps'> },
  logger: Logger,
): void {
  const [input, ...given] = topics;
  checkInput(input!, partitions, settings, logger);
  warnOfGaps(topics, logger);
  warnOfCompaction(input!, given, logger);
}

export function limitOf({ config }: TopicDescription): number {
  return Number(config?.['max.message.bytes'] ?? MESSAGE_BYTES);
}

/** A warning, no refusal: one broker is enough to try tidemark on. */
function warnOfGaps(topics: readonly TopicDescription[], logger: Logger): void {
  const gaps = topics.flatMap((topic) => {
    const found = durabilityGaps(topic);
    return found.length === 0 ? [] : [`${topic.topic}: ${found.join(', ')}`];
  });
  if (gaps.length === 0) return;
  logger.warn(
    { topics: gaps },
    'topics that may lose what they acknowledged, and with it what docs/GUARANTEES.md promises (A1, A5): give them ' +
      'a replication factor of 3, min.insync.replicas=2 and no unclean leader election',
  );
}

/** A warning, no refusal: what is folded stays, and the owner of the topic may want it so. */
export function warnOfCompaction(input: TopicDescription, given: readonly TopicDescription[], logger: Logger): void {
  const isCompacted = ({ config }: TopicDescription) => config?.['cleanup.policy']?.includes('compact') ?? false;
  if (isCompacted(input)) {
    logger.warn(
      { topic: input.topic },
      'the input is compacted: of the records of a session all but the last may be gone before they are folded, and the log ' +
        'cannot be folded anew. Set cleanup.policy=delete on it',
    );
  }
  const topics = given.filter(isCompacted).map(({ topic }) => topic);
  if (topics.length === 0) return;
  logger.warn(
    { topics },
    'topics that are compacted: a consumer that reads them later does not see every revision, and what was published cannot be ' +
      'found again after the position in Kafka is lost. Set cleanup.policy=delete on them',
  );
}

/** @throws CannotGoOn where the input is not the one that was folded, or cannot be relied on. */
export function checkInput(
  input: TopicDescription,
  partitions: number,
  settings: { readonly input: Pick<Settings['input'], 'timestamps'> },
  logger: Logger,
): void {
  if (input.partitions !== partitions) {
    throw otherPartitions(input.topic, input.partitions, partitions);
  }
  if (settings.input.timestamps === 'create') return;
  if (input.config === null) {
    logger.warn(
      { topic: input.topic },
      'whether the broker stamps the records cannot be read: allow DescribeConfigs on the topic, so that it can be checked',
    );
    return;
  }
  const stamps = input.config['message.timestamp.type'];
  if (stamps === undefined) {
    logger.warn(
      { topic: input.topic },
      'the brokers do not tell who stamps the records (message.timestamp.type): where producers do, one with a wrong clock could ' +
        "end everybody's visits",
    );
    return;
  }
  if (stamps === 'LogAppendTime') return;
  throw new CannotGoOn(
    `topic ${input.topic} keeps the producers' timestamps, so one producer with a wrong clock could end everybody's visits. ` +
      'Set message.timestamp.type=LogAppendTime on the topic, or set input.timestamps to create to accept that',
  );
}

/** Turns an error of the database's state, and not of the connection, into a refusal. */
async function refuse(check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (isAway(error)) throw error;
    throw new CannotGoOn(messageOf(error), { cause: error });
  }
}

/** Tries again, with growing pauses, while a part is away; any other failure is passed on. */
export async function retryWhileAway<T>(
  what: string,
  { logger, signal, waits }: StartContext,
  attempt: () => Promise<T>,
): Promise<T> {
  const outage = new Outage(wallClock, logger);
  const since = wallClock.now();
  for (let attempts = 1; ; attempts++) {
    try {
      const found = await attempt();
      outage.over(`${what} is there`);
      waits?.(null);
      return found;
    } catch (error) {
      if (!(error instanceof DatabaseUnreachable) && !isAway(error)) throw error;
      const why = messageOf(error);
      outage.failed({ err: why }, `waiting for ${what}`);
      waits?.({ what, since, error: why });
    }
    await wallClock.sleep(backoff(attempts), signal);
    signal.throwIfAborted();
  }
}
