import type { Logger } from 'pino';
import { prepare, runProcessor } from '../cli/assemble.ts';
import { EventWriter } from '../cli/event-writer.ts';
import { Failure, reach } from '../cli/failure.ts';
import type { Io } from '../cli/io.ts';
import { setUpDatabase, setUpMeta } from '../cli/setup/database.ts';
import type { Finding } from '../cli/setup/finding.ts';
import { setUpSchemas } from '../cli/setup/schemas.ts';
import { setUpTopics } from '../cli/setup/topics.ts';
import { type Admin, kafkaClient } from '../kafka/client.ts';
import type { RealStack } from '../local/stack.ts';
import { messageOf } from '../ports/errors.ts';
import { connectPlain, createPool } from '../postgres/connect.ts';
import type { Settings } from '../settings/index.ts';
import { registryEncoder } from '../simulate/encode.ts';
import { Registry, subjectOf } from '../wire/registry.ts';
import { TRACK_EVENT_SCHEMA } from '../wire/schemas.ts';
import type { Parts } from './parts.ts';
import { namesOf, removeAll, viewerGroup } from './remove.ts';
import { Viewer } from './viewer.ts';
import { facts, look } from './views.ts';

/** A broker, a registry and a Postgres, reached as any program reaches them. */
export function realParts(stack: RealStack, settings: Settings, logger: Logger, io: Io): Parts {
  const { kafka, input, output, deadLetter, late, database } = settings;
  const client = kafkaClient(kafka, logger);
  let writer: EventWriter | null = null;
  const viewer = new Viewer(client, viewerGroup(kafka.group), logger);
  const pool = createPool(database, 2);
  const registry = new Registry(settings.registry);
  let inputSchemaId: number | null = null;

  return {
    settings,
    labels: {
      visits: `SELECT * FROM ${database.schema}.visits`,
      sessions: `SELECT * FROM ${database.schema}.sessions ORDER BY visit_count DESC`,
      profiles: `SELECT * FROM ${database.schema}.profiles ORDER BY visit_count DESC`,
      output: `as a consumer reads it, on ${output.topic}`,
    },
    howToLook: howToLook(stack, settings),
    setUp: async () => {
      // The user's server gets a schema, no database.
      await (await connectPlain(database, 'tidemark demo')).end();
      const found: Finding[] = await setUpDatabase(settings, false);
      const topics = await setUpTopics(settings, false, io);
      const schemas = await setUpSchemas(settings, false);
      found.push(...topics.findings, ...schemas.findings);
      const { partitions } = topics;
      const { outputSchemaId } = schemas;
      if (partitions === null || outputSchemaId === null) throw new Failure(1, 'topics and schemas could not be made');
      await setUpMeta(settings, { partitions, outputSchemaId }, false);
      const schema = await registry.lookup(subjectOf(input.topic), TRACK_EVENT_SCHEMA);
      if (schema === null) throw new Failure(1, `the registry lost the schema of ${input.topic}: try again`);
      inputSchemaId = schema.id;
      return found.filter(({ state }) => state === 'made').map(({ what }) => what);
    },
    follow: async (onMessage) => {
      writer = await reachKafka(settings, () => EventWriter.open(client, input.topic, logger));
      const topics = new Map([
        [output.topic, 'output'],
        [deadLetter.topic, 'dead-letter'],
        [late.topic, 'late'],
      ] as const);
      await reachKafka(settings, () => viewer.follow(topics, onMessage));
    },
    process: async (processorLogger, signal, hooks) => {
      const prepared = await prepare(settings, { logger: processorLogger, signal });
      await runProcessor(settings, prepared, processorLogger, signal, hooks);
    },
    encoder: () => registryEncoder(registry, inputSchemaId!),
    send: async (messages) => {
      await reachKafka(settings, () => writer!.send(messages));
    },
    look: (visitIds) => reachPostgres(() => look(pool, visitIds)),
    facts: () => reachPostgres(() => facts(pool)),
    close: async () => {
      const ends = await Promise.allSettled([viewer.close(), writer?.close(), pool.end()]);
      for (const end of ends)
        if (end.status === 'rejected') logger.warn({ err: messageOf(end.reason) }, 'while closing');
    },
    remove: () => {
      // A stack that runs only for the demo is removed as a whole.
      if (stack.kind !== 'environment') return Promise.resolve([]);
      return removeAll(settings, async (): Promise<Admin> => {
        const admin = client.admin();
        await admin.connect();
        return admin;
      });
    },
  };
}

function reachKafka<T>({ kafka }: Settings, action: () => Promise<T>): Promise<T> {
  return reach(`Kafka at ${kafka.brokers.join(', ')}`, 'KAFKA_BROKERS', action);
}

function reachPostgres<T>(action: () => Promise<T>): Promise<T> {
  return reach('Postgres', 'DATABASE_URL', action);
}

/** Commands for a shell. A password is shown only if it is the demo's own, which ends with it. */
function howToLook(stack: RealStack, settings: Settings): string[] {
  const { database, input, output } = settings;
  const isTheirs = stack.kind === 'environment';
  const url = isTheirs ? '"$DATABASE_URL"' : `'${database.url}'`;
  const sql = `SELECT session_id, status, end_reason, event_count, duration FROM ${database.schema}.visits ORDER BY visit_id DESC LIMIT 10`;
  const lines = [
    `brokers          ${settings.kafka.brokers.join(',')}   topics ${input.topic}, ${output.topic}`,
    ...(isTheirs ? [] : [`schema registry  ${settings.registry.url.join(',')}`]),
    `psql ${url} -c '${sql}'`,
  ];
  if (isTheirs) {
    const { topics, groups, subjects, schema, role } = namesOf(settings);
    lines.push(
      'These stay until you remove them:',
      `  topics ${topics.join(' ')}`,
      `  groups ${groups.join(' ')}`,
      `  subjects ${subjects.join(' ')}`,
      `  Postgres: DROP SCHEMA ${schema} CASCADE; DROP ROLE ${role}`,
    );
  }
  return lines;
}
