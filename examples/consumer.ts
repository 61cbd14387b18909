/**
 * Keeps the visits of `session-ended` in a SQLite file, each with its latest revision, until Ctrl-C.
 *
 *     npm install kafkajs @kafkajs/confluent-schema-registry     (Node.js 24 or newer)
 *     node examples/consumer.ts visits.db
 *     sqlite3 visits.db 'SELECT entry_page, count(*) FROM visits GROUP BY 1'
 *
 * KAFKA_BROKERS, SCHEMA_REGISTRY_URL, TIDEMARK_OUTPUT_TOPIC and GROUP name the source; the other variables of tidemark,
 * KAFKA_TLS and so on, hold the credentials. With --until-end it stops at the end of the topic.
 *
 * Each message counts once, across restarts and crashes: the rows and the position in the topic are in one transaction, and
 * the position comes from there, not from the consumer group. A message that is read again all the same changes nothing,
 * because only a higher revision replaces a row.
 */
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import kafkajs from 'kafkajs';

const TOPIC = process.env.TIDEMARK_OUTPUT_TOPIC ?? 'session-ended';
const BROKERS = process.env.KAFKA_BROKERS ?? 'localhost:9092';
const REGISTRY = process.env.SCHEMA_REGISTRY_URL ?? 'http://localhost:8081';
const GROUP = process.env.GROUP ?? 'visits-example';

/** TLS and a login, PLAIN or SCRAM, if the variables are set. */
function kafkaAccess(): Partial<kafkajs.KafkaConfig> {
  const { KAFKA_TLS, KAFKA_TLS_CA, KAFKA_SASL_MECHANISM: mechanism } = process.env;
  const { KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = process.env;
  return {
    ...(KAFKA_TLS === 'true' ? { ssl: KAFKA_TLS_CA ? { ca: readFileSync(KAFKA_TLS_CA) } : true } : {}),
    ...(mechanism ? { sasl: { mechanism, username, password } as kafkajs.SASLOptions } : {}),
  };
}

function registryAccess() {
  const { SCHEMA_REGISTRY_TLS_CA: ca, SCHEMA_REGISTRY_USERNAME: username } = process.env;
  return {
    ...(ca ? { agent: new Agent({ ca: readFileSync(ca) }) } : {}),
    ...(username ? { auth: { username, password: process.env.SCHEMA_REGISTRY_PASSWORD ?? '' } } : {}),
  };
}

/** The fields of a Visit Ended that are kept: `schemas/VisitEnded.avsc` has all. */
interface VisitEnded {
  visit_id: string;
  revision: number;
  retracted: boolean;
  merged_into: string | null;
  session_id: string;
  profile_id: string | null;
  reason: string;
  started_at: number;
  ended_at: number;
  event_count: number;
  page_view_count: number;
  entry_page: string | null;
  exit_page: string | null;
  utm: { campaign: string | null } | null;
}

// A retracted visit keeps its row, so that no older revision can bring it back; the view leaves it out. Times in ms.
const TABLES = `
PRAGMA busy_timeout = 5000;
CREATE TABLE IF NOT EXISTS latest_revision (
  visit_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, retracted INTEGER NOT NULL, merged_into TEXT,
  session_id TEXT NOT NULL, profile_id TEXT, reason TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL,
  event_count INTEGER NOT NULL, page_view_count INTEGER NOT NULL, entry_page TEXT, exit_page TEXT, utm_campaign TEXT
);
CREATE TABLE IF NOT EXISTS position (partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL);
CREATE VIEW IF NOT EXISTS visits AS SELECT * FROM latest_revision WHERE NOT retracted;`;

const COLUMNS = (
  'visit_id revision retracted merged_into session_id profile_id reason started_at ended_at ' +
  'event_count page_view_count entry_page exit_page utm_campaign'
).split(' ');

const KEEP = `
INSERT INTO latest_revision (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map((column) => `:${column}`).join(', ')})
ON CONFLICT (visit_id) DO UPDATE SET ${COLUMNS.slice(1).map((column) => `${column} = excluded.${column}`)}
WHERE excluded.revision > latest_revision.revision`;

class Store {
  readonly #db: DatabaseSync;
  readonly #keep;
  readonly #move;

  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    this.#db.exec(TABLES);
    this.#keep = this.#db.prepare(KEEP);
    this.#move = this.#db.prepare('REPLACE INTO position VALUES (?, ?)');
  }

  /** Next offset to read, by partition. */
  positions(): Map<number, number> {
    const rows = this.#db.prepare('SELECT partition, next_offset FROM position').all();
    return new Map(rows.map((row) => [Number(row.partition), Number(row.next_offset)]));
  }

  /** Messages of a partition and the position after them, in one transaction. */
  keep(partition: number, visits: readonly VisitEnded[], nextOffset: number): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      for (const visit of visits) {
        const all = { ...visit, retracted: Number(visit.retracted), utm_campaign: visit.utm?.campaign ?? null };
        this.#keep.run(
          Object.fromEntries(COLUMNS.map((column) => [column, all[column as Exclude<keyof typeof all, 'utm'>]])),
        );
      }
      this.#move.run(partition, nextOffset);
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  count(): number {
    return Number(this.#db.prepare('SELECT count(*) AS visits FROM visits').get()!.visits);
  }

  close(): void {
    this.#db.close();
  }
}

/** @param untilEnd whether to stop where the topic ended when this began. */
async function consume(store: Store, untilEnd: boolean, signal: AbortSignal): Promise<void> {
  const kafka = new kafkajs.Kafka({ clientId: 'visits-example', brokers: BROKERS.split(','), ...kafkaAccess() });
  const registry = new SchemaRegistry({ host: REGISTRY, ...registryAccess() });
  // The group has no position, but KafkaJS reads only in a group. After a crash the next start waits this long for it.
  // KafkaJS leaves out records of aborted transactions unless one asks for them.
  const consumer = kafka.consumer({ groupId: GROUP, sessionTimeout: 10_000 });
  const { promise: over, resolve, reject } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve());
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) reject(payload.error);
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    const positions = store.positions();
    for (const partition of payload.memberAssignment[TOPIC] ?? []) {
      const position = positions.get(partition);
      if (position !== undefined) consumer.seek({ topic: TOPIC, partition, offset: String(position) });
    }
  });
  if (untilEnd) {
    const unread = await unreadOf(kafka, store);
    if (unread.size === 0) return;
    // This event also comes for batches without a message for us: the markers of transactions.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
      if (Number(lastOffset) + 1 >= (unread.get(partition) ?? Number.POSITIVE_INFINITY)) unread.delete(partition);
      if (unread.size === 0) resolve();
    });
  }
  await consumer.connect();
  try {
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        const visits = await Promise.all(batch.messages.map(({ value }) => registry.decode(value!)));
        store.keep(batch.partition, visits as VisitEnded[], Number(batch.lastOffset()) + 1);
      },
    });
    await over;
  } finally {
    await consumer.disconnect();
  }
}

/** Ends of the partitions that are not read to their end. */
async function unreadOf(kafka: kafkajs.Kafka, store: Store): Promise<Map<number, number>> {
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(TOPIC);
  await admin.disconnect();
  const positions = store.positions();
  const unread = ends.filter(({ partition, low, high }) => (positions.get(partition) ?? Number(low)) < Number(high));
  return new Map(unread.map(({ partition, high }) => [partition, Number(high)]));
}

const { values, positionals } = parseArgs({ options: { 'until-end': { type: 'boolean' } }, allowPositionals: true });
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
const store = new Store(positionals[0] ?? 'visits.db');
try {
  await consume(store, values['until-end'] ?? false, stop.signal);
  console.log(`visits: ${store.count()}`);
} finally {
  store.close();
}
