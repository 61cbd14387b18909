/**
 * Every setting, declared once. Parsing, `tidemark config`, docs/SETTINGS.md and the checks of what may change under
 * running state all come from here.
 */
import { secret } from './secret.ts';
import { setting, withNames } from './setting.ts';
import {
  boolean,
  bounded,
  bytes,
  duration,
  file,
  integer,
  list,
  matching,
  oneOf,
  optional,
  postgresUrl,
  start,
  text,
  url,
} from './types.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MB = 1 << 20;

const topic = matching(
  'topic',
  /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/,
  'must be a topic name: 1 to 249 of the letters a-z, A-Z, 0-9, ".", "_" and "-"',
);
const broker = matching('host:port', /^[^\s,:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/, 'must be host:port');
const assignment = matching('name=value', /^[^=\s]+=[\x20-\x7e]*$/, 'must be name=value');
const eventType = bounded('event types', 64);
const sessionId = bounded('session ids', 128);

export const SETTINGS = withNames({
  'kafka.brokers': setting({
    env: 'KAFKA_BROKERS',
    type: list(broker, 1),
    default: ['localhost:9092'],
    doc: 'Brokers to ask first, host:port.',
    flag: '--brokers',
  }),
  'kafka.client_id': setting({
    env: 'KAFKA_CLIENT_ID',
    type: text,
    default: 'tidemark',
    doc: "How the brokers' logs and quotas name this program.",
  }),
  'kafka.tls': setting({ env: 'KAFKA_TLS', type: boolean, default: false, doc: 'Speak TLS to the brokers.' }),
  'kafka.tls_ca': setting({
    env: 'KAFKA_TLS_CA',
    type: optional(file),
    default: null,
    doc: "PEM file with the authority that signed the brokers' certificates; without it, those Node.js knows.",
  }),
  'kafka.tls_cert': setting({
    env: 'KAFKA_TLS_CERT',
    type: optional(file),
    default: null,
    doc: "PEM file with the client's certificate.",
  }),
  'kafka.tls_key': setting({
    env: 'KAFKA_TLS_KEY',
    type: optional(file),
    default: null,
    doc: "PEM file with the client's key.",
  }),
  ...secret('kafka.tls_key_passphrase', {
    env: 'KAFKA_TLS_KEY_PASSPHRASE',
    type: optional(text),
    doc: 'What `kafka.tls_key` is encrypted with.',
  }),
  'kafka.sasl.mechanism': setting({
    env: 'KAFKA_SASL_MECHANISM',
    type: optional(oneOf('plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer', 'aws-msk-iam')),
    default: null,
    doc: 'How to log in to the brokers; not set: no login.',
  }),
  'kafka.sasl.username': setting({
    env: 'KAFKA_SASL_USERNAME',
    type: optional(text),
    default: null,
    doc: 'User at the brokers.',
  }),
  ...secret('kafka.sasl.password', {
    env: 'KAFKA_SASL_PASSWORD',
    type: optional(text),
    doc: 'Password at the brokers.',
  }),
  'kafka.sasl.token_url': setting({
    env: 'KAFKA_SASL_TOKEN_URL',
    type: optional(url(['https:', 'http:'])),
    default: null,
    doc: 'With `oauthbearer`: endpoint that gives a token to a client (OAuth 2.0, client credentials).',
  }),
  'kafka.sasl.token_ca': setting({
    env: 'KAFKA_SASL_TOKEN_CA',
    type: optional(file),
    default: null,
    doc: "PEM file with the authority that signed the endpoint's certificate; without it, those Node.js knows.",
  }),
  'kafka.sasl.client_id': setting({
    env: 'KAFKA_SASL_CLIENT_ID',
    type: optional(text),
    default: null,
    doc: 'Client at the token endpoint.',
  }),
  ...secret('kafka.sasl.client_secret', {
    env: 'KAFKA_SASL_CLIENT_SECRET',
    type: optional(text),
    doc: 'Secret of the client at the token endpoint.',
  }),
  'kafka.sasl.scope': setting({
    env: 'KAFKA_SASL_SCOPE',
    type: optional(text),
    default: null,
    doc: 'Scopes to ask the token endpoint for, with spaces between them.',
  }),
  'kafka.sasl.token_parameters': setting({
    env: 'KAFKA_SASL_TOKEN_PARAMETERS',
    type: list(assignment),
    default: [],
    doc: 'More to send to the token endpoint, each `name=value`: `audience=kafka`.',
  }),
  ...secret('kafka.sasl.token', {
    env: 'KAFKA_SASL_TOKEN',
    type: optional(text),
    doc: 'With `oauthbearer`: the token itself, instead of an endpoint.',
  }),
  'kafka.sasl.extensions': setting({
    env: 'KAFKA_SASL_EXTENSIONS',
    type: list(assignment),
    default: [],
    doc: 'With `oauthbearer`: what the brokers want to know beside the token, each `name=value`: `logicalCluster=lkc-1`.',
  }),
  'kafka.sasl.aws_region': setting({
    env: 'KAFKA_SASL_AWS_REGION',
    type: optional(text),
    default: null,
    doc: 'With `aws-msk-iam`: region of the cluster. Needs the package `aws-msk-iam-sasl-signer-js`.',
  }),
  'kafka.client_rack': setting({
    env: 'KAFKA_CLIENT_RACK',
    type: optional(text),
    default: null,
    doc: 'Where this instance runs, as `broker.rack` names it: the input is read from the nearest replica, where the brokers choose replicas by rack.',
  }),
  'kafka.connection_timeout': setting({
    type: duration(SECOND, MINUTE),
    default: 10 * SECOND,
    doc: 'How long connecting to a broker may take, with TLS and login. Another one is tried beside it after a second.',
  }),
  'kafka.request_timeout': setting({
    type: duration(SECOND, 10 * MINUTE),
    default: 30 * SECOND,
    doc: 'How long a broker may take to answer before its connection is given up. One that the others say is gone is given up at once.',
  }),
  'kafka.session_timeout': setting({
    type: duration(SECOND, 30 * MINUTE),
    default: 7 * SECOND,
    doc: "How long the group waits for a silent processor before its partitions are assigned to others; within the brokers' bounds, 6 seconds and 30 minutes unless they are set.",
  }),
  'kafka.group': setting({
    type: matching('text', /^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters without spaces'),
    default: 'tidemark',
    doc: 'Consumer group; transactional ids and the group that holds the outbox position are named after it.',
    change: {
      note: 'only with an empty outbox and every processor stopped: the outbox position is kept under this name',
    },
    flag: '--group',
  }),
  'registry.url': setting({
    env: 'SCHEMA_REGISTRY_URL',
    type: list(url(['http:', 'https:']), 1),
    default: ['http://localhost:8081'],
    doc: 'Schema registry that speaks the Confluent API; of several addresses the one that answered last is asked first.',
    secret: 'password',
    flag: '--registry-url',
  }),
  'registry.username': setting({
    env: 'SCHEMA_REGISTRY_USERNAME',
    type: optional(text),
    default: null,
    doc: 'User at the registry.',
  }),
  ...secret('registry.password', {
    env: 'SCHEMA_REGISTRY_PASSWORD',
    type: optional(text),
    doc: 'Password at the registry.',
  }),
  ...secret('registry.token', {
    env: 'SCHEMA_REGISTRY_TOKEN',
    type: optional(text),
    doc: 'Bearer token for the registry, instead of user and password.',
  }),
  'registry.tls_ca': setting({
    env: 'SCHEMA_REGISTRY_TLS_CA',
    type: optional(file),
    default: null,
    doc: "PEM file with the authority that signed the registry's certificate; without it, those Node.js knows. Read again when it changes, as the two below.",
  }),
  'registry.tls_cert': setting({
    env: 'SCHEMA_REGISTRY_TLS_CERT',
    type: optional(file),
    default: null,
    doc: "PEM file with the client's certificate for the registry.",
  }),
  'registry.tls_key': setting({
    env: 'SCHEMA_REGISTRY_TLS_KEY',
    type: optional(file),
    default: null,
    doc: "PEM file with the client's key for the registry.",
  }),
  ...secret('registry.tls_key_passphrase', {
    env: 'SCHEMA_REGISTRY_TLS_KEY_PASSPHRASE',
    type: optional(text),
    doc: 'What opens the key, where it is encrypted.',
  }),
  'database.url': setting({
    env: 'DATABASE_URL',
    type: postgresUrl,
    default: 'postgres://localhost:5432/tidemark',
    doc: 'Postgres, as `postgres://user:password@host:port,host:port/database?sslmode=verify-full`, read as libpq reads it; of several hosts the first that takes writes, unless `target_session_attrs` says otherwise.',
    secret: 'password',
    flag: '--database-url',
  }),
  ...secret('database.password', {
    env: 'DATABASE_PASSWORD',
    type: optional(text),
    doc: 'Password at Postgres, apart from the URL, before the one in it.',
  }),
  'database.schema': setting({
    type: matching(
      'identifier',
      /^(?!pg_)[a-z_][a-z0-9_]{0,47}$/,
      'must be 1 to 48 of a-z, 0-9 and "_", beginning with a letter or "_", not with pg_',
    ),
    default: 'tidemark',
    doc: 'Schema that holds the views and tables; the reader role is named after it.',
    change: { note: 'another schema is another state: it begins anew at `input.start`' },
  }),
  'database.pool_size': setting({
    type: integer(1, 100),
    default: 4,
    doc: 'How many partitions of a processor write to Postgres, or are loaded from it, at once; each has a connection.',
  }),
  'database.answer_timeout': setting({
    type: duration(SECOND, 10 * MINUTE),
    default: 30 * SECOND,
    doc: 'How long Postgres may be silent while a processor waits for it, before the connection is given up and the partition taken over anew.',
  }),
  'input.topic': setting({
    type: topic,
    default: 'tracks',
    doc: 'Topic that the track events come from.',
    change: 'replay',
    flag: '--topic',
  }),
  'input.format': setting({
    type: oneOf('avro', 'json', 'tracardi'),
    default: 'avro',
    doc: "TrackEvent in the Confluent wire format, the same record as JSON, or Tracardi's track payload.",
    change: 'replay',
  }),
  'input.timestamps': setting({
    type: oneOf('append', 'create'),
    default: 'append',
    doc: 'Who stamps the records: the broker (`LogAppendTime`), or the producers, which `run` accepts only where it is set.',
    change: 'replay',
  }),
  'input.start': setting({
    type: start,
    default: 'earliest',
    doc: 'Where a partition that was never folded begins; a time like 2026-01-31T00:00:00Z is that of the records.',
    change: 'replay',
  }),
  'topics.partitions': setting({
    type: integer(1, 100_000),
    default: 6,
    doc: 'Partitions of the topics that `setup` makes; the output has as many as an input that exists.',
  }),
  'topics.replication_factor': setting({
    type: optional(integer(1, 32_767)),
    default: null,
    doc: "Replicas of the topics that `setup` makes; not set: the broker's default.",
  }),
  'output.topic': setting({
    type: topic,
    default: 'session-ended',
    doc: 'Topic that Visit Ended goes to.',
    change: { note: 'only with an empty outbox: what is in it goes to the new topic' },
  }),
  'output.debug': setting({
    type: boolean,
    default: false,
    doc: 'Send the revisions of debug visits too.',
    change: 'replay',
  }),
  'dead_letter.topic': setting({
    type: topic,
    default: {
      from: 'input.topic',
      make: (input: unknown) => `${input}.dead-letter`,
      text: '`input.topic` + `.dead-letter`',
    },
    doc: 'Topic for records that cannot be decoded, break a bound, lie in the future or find their visit full.',
  }),
  'late.topic': setting({
    type: topic,
    default: { from: 'input.topic', make: (input: unknown) => `${input}.late`, text: '`input.topic` + `.late`' },
    doc: 'Topic for records of events that come too late to amend anything.',
  }),
  'visit.gap': setting({
    type: duration(1, 30 * DAY),
    default: 30 * MINUTE,
    doc: 'Inactivity that ends a visit (`G`).',
    change: 'replay',
  }),
  'visit.out_of_orderness': setting({
    type: duration(0, 7 * DAY),
    default: 60 * SECOND,
    doc: 'How far the watermark stays behind the event clock (`B`).',
    change: 'replay',
  }),
  'visit.arrival_grace': setting({
    type: duration(0, DAY),
    default: 10 * SECOND,
    doc: 'How long nothing must have arrived for a visit before it can end (`A`); doubles with each revision.',
    change: 'replay',
  }),
  'visit.allowed_lateness': setting({
    type: duration(0, 3_650 * DAY),
    default: DAY,
    doc: "How far the watermark may go on after a visit's end and still let a late event amend it (`L`).",
    change: 'replay',
  }),
  'visit.max_duration': setting({
    type: duration(1, 3_650 * DAY),
    default: DAY,
    doc: 'Longest a visit may be, from its first event to its last.',
    change: 'replay',
  }),
  'visit.max_events': setting({
    type: integer(1, 1_000_000),
    default: 10_000,
    doc: 'Most events a visit may have before it is sealed; within its span it takes up to twice as many.',
    change: 'replay',
  }),
  'visit.max_age': setting({
    type: duration(0, 36_500 * DAY),
    default: 30 * DAY,
    doc: 'How far behind the watermark an event may be at all (`H`); at least `visit.allowed_lateness` + `visit.gap`.',
    change: 'replay',
  }),
  'visit.future_tolerance': setting({
    type: duration(0, 365 * DAY),
    default: 5 * MINUTE,
    doc: "How far ahead of its record's timestamp an event may be.",
    change: 'replay',
  }),
  'visit.clock_margin': setting({
    type: duration(0, HOUR),
    default: 5 * SECOND,
    doc: "What is taken off this machine's clock before it may end visits of a drained partition; with `input.timestamps: create` they end so only where this is set.",
    change: 'replay',
  }),
  'visit.ending_types': setting({
    type: list(eventType),
    default: ['sign-out', 'visit-ended'],
    doc: 'Event types that end a visit.',
    change: 'replay',
  }),
  'visit.page_view_types': setting({
    type: list(eventType),
    default: ['page-view'],
    doc: 'Event types that count as page views.',
    change: 'replay',
  }),
  'visit.debug_session_ids': setting({
    type: list(sessionId),
    default: ['@debug-session-id'],
    doc: 'Session ids whose events are all debug events.',
    change: 'replay',
  }),
  'events.keep_properties': setting({
    type: boolean,
    default: false,
    doc: "Keep each event's properties, to be read in `visit_events`.",
    change: { note: 'holds for events folded from then on' },
  }),
  workers: setting({
    type: optional(integer(1, 64)),
    default: null,
    doc: 'Threads that fold, each a member of the consumer group; unless set a core each, up to 4, as far as memory (2 GB each) and partitions go.',
    flag: '--workers',
  }),
  'commit.interval': setting({
    type: duration(10, 5 * MINUTE),
    default: 5 * SECOND,
    doc: 'Longest that a folded record waits for its commit while catching up; when traffic is light it is far sooner.',
  }),
  'commit.max_bytes': setting({
    type: optional(bytes(64 << 10, 1024 * MB)),
    default: null,
    doc: 'Memory, about, that what was folded since the last commit may take before one is made, a partition; four times that, of all partitions of a thread. Unless set a 64th of the memory that a thread may have, 32 to 128 MB.',
  }),
  'cache.max_bytes': setting({
    type: bytes(0, 64 * 1024 * MB),
    default: 128 * MB,
    doc: 'Memory, about, for sessions without an open visit, of all partitions together: for those the database need not be asked.',
  }),
  'outbox.max_bytes': setting({
    type: bytes(MB, 4096 * MB),
    default: 64 * MB,
    doc: "Bytes of messages waiting to be sent at which a partition's folding pauses.",
  }),
  'log.level': setting({
    type: oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent'),
    default: 'info',
    doc: 'What is logged; stack traces are shown from `debug` on.',
    flag: '--log-level',
  }),
  'log.format': setting({
    type: oneOf('auto', 'json', 'pretty'),
    default: 'auto',
    doc: 'One JSON object a line, or a line for people; `auto` is the latter on a terminal.',
    flag: '--log-format',
  }),
  'http.port': setting({
    type: integer(0, 65_535),
    default: 9464,
    doc: 'Port of health, metrics and console; 0 takes any free one and logs it.',
    flag: '--http-port',
  }),
  'http.host': setting({
    type: text,
    default: '127.0.0.1',
    doc: 'Address to listen at; 0.0.0.0 for all of them.',
    flag: '--http-host',
  }),
  ...secret('http.token', {
    type: optional(matching('text', /^[\x21-\x7e]+$/, 'must be visible ASCII characters without spaces')),
    doc: 'Bearer token that all but `/livez` and `/readyz` ask for; without it these say whether, and not why.',
  }),
  'runbook.base_url': setting({
    type: optional(url(['https:', 'http:'])),
    default: null,
    doc: 'Address at which your people read `docs/OPERATIONS.md`; links of `/readyz`, the console and the alert rules are this and `#` with the entry.',
  }),
});

export type Key = keyof typeof SETTINGS;

export const KEYS = Object.keys(SETTINGS) as Key[];

/** Variables that begin with `TIDEMARK_` but are no settings. */
export const RESERVED = {
  TIDEMARK_CONFIG: 'path of the settings file, where it is not `./tidemark.yaml`',
  TIDEMARK_STACK: 'where tests and the demo get Kafka, the registry and Postgres from',
  TIDEMARK_TEST_CLUSTER: '0 has the tests start one broker, where they would start three',
  TIDEMARK_KAFKA_JARS: "directory with the jars of Kafka, for the tests' own clients in Java",
  TIDEMARK_KAFKA_PROPERTIES: 'settings file with which these clients log in',
  TIDEMARK_CHROMIUM: 'the browser with which the tests look at the console, where it is not on the PATH',
  TIDEMARK_FAILPOINT: 'where a test wants the processor to fail',
} as const;
