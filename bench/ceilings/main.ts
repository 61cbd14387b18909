/**
 * One ceiling, in a process of its own: `node bench/ceilings/main.ts LEVEL BROKERS TOPIC RECORDS`. Prints a line of JSON.
 * What it leaves out is what the rest of a processor costs.
 */
import kafkajs from 'kafkajs';
import { pino } from 'pino';
import type { LogRecord } from '../../src/core/rules/event.ts';
import { quietTimers } from '../../src/kafka/kafkajs/timers.ts';
import { KafkaInputLog } from '../../src/kafka/source.ts';
import type { RecordBatch } from '../../src/ports/log.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import { AvroDecoder } from '../../src/wire/avro.ts';
import { createDecoder } from '../../src/wire/decoder.ts';
import { WORKLOAD_SCHEMA } from '../workload/schema.ts';
import { Folding } from './fold.ts';
import type { Ceiling, Level } from './run.ts';

const [level, brokerList, topic, wanted] = process.argv.slice(2) as [Level, string, string, string];
const brokers = brokerList.split(',');
const records = Number(wanted);
const group = `bench_ceiling_${crypto.randomUUID().slice(0, 8)}`;
let first: { readonly at: number } | null = null;
let seen = 0;
const { promise: done, resolve } = Promise.withResolvers<void>();

/** @param last Called once all is read, before the clock is stopped. */
function count(batch: number, last: () => void = () => {}): void {
  seen += batch;
  if (seen < records) return;
  last();
  resolve();
}

const end = level === 'kafkajs' ? await readPlainly() : await readAsTheProcessor();
await done;
const { user, system } = process.cpuUsage();
const result: Ceiling = {
  seconds: (performance.now() - first!.at) / 1000,
  cpu: (user + system) / 1e6,
  peak: process.resourceUsage().maxRSS * 1024,
  ...(await end()),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
// What is left open would keep it from ending.
process.exit(0);

type End = () => Promise<{ readonly events: number | null; readonly visits: number | null }>;

async function readPlainly(): Promise<End> {
  quietTimers();
  const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: group, maxBytesPerPartition: 512 * 1024, readUncommitted: false });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      first ??= { at: performance.now() };
      count(batch.messages.length);
    },
  });
  return async () => {
    await consumer.disconnect();
    return { events: null, visits: null };
  };
}

async function readAsTheProcessor(): Promise<End> {
  const logger = pino({ level: 'silent' });
  const log = new KafkaInputLog({ address: { brokers }, group, topic, logger });
  const options = { keepProperties: false };
  const avro = new AvroDecoder(options);
  const decoders = new Map<number, ReturnType<typeof createDecoder>>();
  const foldings = new Map<number, Folding>();
  const positions = new Map<number, number>();
  let decoded = 0;
  const decoderOf = (partition: number) => {
    const decoder = createDecoder('avro', { topic, partition }, options, avro);
    decoders.set(partition, decoder);
    return decoder;
  };
  const take = ({ partition, records: batch }: RecordBatch) => {
    if (level === 'read') return;
    const decoder = decoders.get(partition) ?? decoderOf(partition);
    for (const id of decoder.missing(batch)) decoder.addWriter(id, WORKLOAD_SCHEMA);
    const events: LogRecord<RawRecord>[] = [];
    let prefetchedTo = 0;
    for (let i = 0; i < batch.length; i++) {
      if (i === prefetchedTo) prefetchedTo = avro.prefetch(batch, i);
      events.push(decoder.decode(batch[i]!));
    }
    decoded += events.length;
    if (level === 'decode') return;
    const folding = foldings.get(partition) ?? new Folding(topic, partition);
    foldings.set(partition, folding);
    folding.add(events);
  };
  await log.start({
    assigned: (partitions) => {
      for (const partition of partitions) {
        log.seek(partition, positions.get(partition) ?? 0);
        log.resume(partition);
      }
    },
    revoked: () => {},
    faltered: () => {},
    batch: async (batch) => {
      first ??= { at: performance.now() };
      positions.set(batch.partition, batch.next);
      take(batch);
      count(batch.records.length, () => {
        for (const folding of foldings.values()) folding.end();
      });
    },
    moved: (partition, _, next) => {
      positions.set(partition, next);
    },
    // Under another leader than before: nobody has cut this log short, so it is read on.
    questioned: (partition) => log.seek(partition, positions.get(partition) ?? 0, true),
    failed: (error) => {
      throw error;
    },
  });
  const sum = (of: (folding: Folding) => number) => [...foldings.values()].reduce((all, one) => all + of(one), 0);
  return async () => {
    await log.stop();
    if (level === 'read') return { events: null, visits: null };
    return level === 'decode'
      ? { events: decoded, visits: null }
      : { events: sum(({ events }) => events), visits: sum(({ visits }) => visits) };
  };
}
