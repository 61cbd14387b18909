import type { Logger } from 'pino';
import { idleMemory } from '../core/memory/stored-summaries.ts';
import { CrashedMembers } from '../kafka/crashed-members.ts';
import { KafkaOutput } from '../kafka/output.ts';
import { type Right, rightsFor } from '../kafka/rights/declaration.ts';
import { KafkaInputLog } from '../kafka/source.ts';
import type { TopicDescription } from '../kafka/topics.ts';
import type { InputLog } from '../ports/log.ts';
import type { Observer } from '../ports/observer.ts';
import type { Output } from '../ports/output.ts';
import type { RawRecord } from '../ports/record.ts';
import type { Store } from '../ports/store.ts';
import { connect } from '../postgres/connect.ts';
import { readGoneOwners } from '../postgres/owner.ts';
import { PostgresStore } from '../postgres/store.ts';
import type { PartitionDeps, PartitionSettings } from '../processor/deps.ts';
import { Processor } from '../processor/processor.ts';
import { type SchemaSource, WriterSchemas } from '../processor/schemas.ts';
import { rulesOf, type Settings } from '../settings/index.ts';
import { wallClock } from '../time/clock.ts';
import { AvroDecoder, schemaIdOfRecord, UNKNOWN_SCHEMA } from '../wire/avro.ts';
import { createDecoder, type Decoder } from '../wire/decoder.ts';
import { type EnvelopeContext, Envelopes } from '../wire/envelope.ts';
import { decodeOutbox } from '../wire/outbox.ts';
import { decodeVisitEnded } from '../wire/visit-ended.ts';
import { checkDatabase, checkTopics, type StartContext } from './preflight.ts';
import { checkRegistry } from './registry-check.ts';
import { checkRights } from './rights.ts';
import { commitBytes } from './workers/commit-bytes.ts';
import { memoryHere } from './workers/count.ts';
import { writerSchemasOf } from './writer-schemas.ts';

/** How many times `commit.max_bytes` all partitions of a thread may have folded since their last commits. */
const COMMITS_AT_ONCE = 4;

/** What the processor connects to: real parts, or parts in memory. */
export interface Outside {
  readonly log: InputLog;
  readonly store: Store<RawRecord>;
  readonly output: Output;
  readonly registry: SchemaSource;
  readonly outputSchemaId: number;
  /** The largest batch that each output topic takes, bytes. */
  readonly maxBytes: EnvelopeContext['maxBytes'];
}

export interface Hooks {
  readonly observer: Observer;
  /** Called before the group is joined. @param partitions of the input. */
  readonly onStarted?: (processor: Processor, partitions: number) => void;
  /** Awaited right before the group is joined for the first time. */
  readonly together?: () => Promise<void>;
}

/** What every thread of the processor starts from: plain values, read once. */
export interface Prepared {
  /** Of the input topic. */
  readonly partitions: number;
  readonly outputSchemaId: number;
  readonly maxBytes: EnvelopeContext['maxBytes'];
}

/**
 * Checks that these settings may go on with this database, these rights and topics. Waits for parts that are away, until the
 * signal aborts.
 * @returns what the checks found, with the topics' descriptions.
 * @throws CannotGoOn with what happened and what to do.
 */
export async function prepare(
  settings: Settings,
  starting: StartContext,
): Promise<Prepared & { readonly topics: readonly TopicDescription[] }> {
  const { meta } = await checkDatabase(settings, starting);
  await checkRights(settings, starting);
  await checkRegistry(settings, starting.logger);
  const found = await checkTopics(settings, meta.partitions, starting);
  return { partitions: meta.partitions, outputSchemaId: meta.outputSchemaId, ...found };
}

/** The consumer group's members now. They are read before a thread joins: some may be of a killed processor. */
export function formerMembers({ kafka, database }: Settings, logger: Logger): Promise<CrashedMembers | null> {
  const readGone = async () => {
    const client = await connect(database, 'tidemark run', database.answerTimeout);
    return await readGoneOwners(client).finally(() => client.end());
  };
  return CrashedMembers.read({ address: kafka, group: kafka.group, readGone, logger });
}

/**
 * The processor on Kafka and Postgres as the settings name them, until the signal aborts. Waits for parts that are
 * away.
 * @throws CannotGoOn with what happened and what to do.
 */
export async function runProcessor(
  settings: Settings,
  { partitions, outputSchemaId, maxBytes }: Prepared,
  logger: Logger,
  signal: AbortSignal,
  hooks: Hooks,
): Promise<void> {
  const { kafka, input, output, deadLetter, late, database } = settings;
  const outside: Outside = {
    log: new KafkaInputLog({
      address: kafka,
      group: kafka.group,
      topic: input.topic,
      partitions,
      rights: rightsFor('run', settings).filter(isForReading(settings)),
      logger,
      together: hooks.together,
    }),
    store: new PostgresStore<RawRecord>(database),
    output: new KafkaOutput({
      address: kafka,
      group: kafka.group,
      input: input.topic,
      topics: { output: output.topic, 'dead-letter': deadLetter.topic, late: late.topic },
      logger,
    }),
    registry: writerSchemasOf(settings),
    outputSchemaId,
    maxBytes,
  };
  const processor = assemble(settings, logger, hooks.observer, outside);
  hooks.onStarted?.(processor, partitions);
  await processor.run(signal);
}

/** The rights without which a member of the group would only be thrown out again. */
function isForReading({ kafka, input }: Settings): (right: Right) => boolean {
  return ({ resource: { type, name }, without }) =>
    without === null && ((type === 'topic' && name === input.topic) || (type === 'group' && name === kafka.group));
}

/** A processor over these parts. */
export function assemble(settings: Settings, logger: Logger, observer: Observer, outside: Outside): Processor {
  const { input, events, visit, commit, outbox, cache } = settings;
  const commitMaxBytes = commit.maxBytes ?? commitBytes(memoryHere());
  const options = { keepProperties: events.keepProperties };
  const avro = new AvroDecoder(options);
  const decoders = new Map<number, Decoder>();
  const reader = {
    schemaIdOf: input.format === 'avro' ? schemaIdOfRecord : () => null,
    add: (id: number, schema: string) => avro.addWriter(id, schema),
    addUnknown: (id: number) => avro.addWriter(id, UNKNOWN_SCHEMA),
    forget: (id: number) => avro.forget(id),
  };
  const shared = { clock: wallClock, logger, observer };
  const deps: PartitionDeps = {
    ...shared,
    log: outside.log,
    store: outside.store,
    output: outside.output,
    schemas: new WriterSchemas(reader, outside.registry, shared),
    decode: (partition, record) => {
      let decoder = decoders.get(partition);
      if (decoder === undefined) {
        decoder = createDecoder(input.format, { topic: input.topic, partition }, options, avro);
        decoders.set(partition, decoder);
      }
      return decoder.decode(record);
    },
    prefetch: input.format === 'avro' ? (records, from) => avro.prefetch(records, from) : (records) => records.length,
    outgoing: (partition) =>
      new Envelopes({
        topic: input.topic,
        partition,
        outputSchemaId: outside.outputSchemaId,
        maxBytes: outside.maxBytes,
        severalPerRecord: input.format === 'tracardi',
      }),
    idle: idleMemory(cache.maxBytes),
    commits: { maxBytes: COMMITS_AT_ONCE * commitMaxBytes, usedBytes: 0 },
    decodeOutbox,
    eventIdOf: (value) => decodeVisitEnded(value).eventId,
  };
  const life: PartitionSettings = {
    topic: input.topic,
    rules: rulesOf(settings),
    commitInterval: commit.interval,
    commitMaxBytes,
    outboxMaxBytes: outbox.maxBytes,
    clockMargin: visit.anticipates ? visit.clockMargin : null,
    start: input.start,
  };
  return new Processor(life, deps);
}
