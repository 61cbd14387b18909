import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Parts } from './parts.ts';

/** What the broker's own consumer reads of a record. */
export interface ConsoleRecord {
  readonly partition: number;
  readonly offset: number;
  /** ms since the epoch. */
  readonly timestamp: number;
  /** Whether the broker made the timestamp. */
  readonly stamped: boolean;
  readonly headers: readonly (readonly [name: string, value: Buffer])[];
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** What the broker's own tools need. */
export type Console = Pick<Parts, 'java' | 'jars' | 'properties'> & { readonly brokers: readonly string[] };

/** How long the consumer waits for one record more before it gives up, ms. */
const PATIENCE = 60_000;

/**
 * The first `count` records that a read-committed Java client, the broker's console consumer, is given of a topic, each
 * partition in order. Fewer where no more come. Key, value and headers are bytes as they are in the topic.
 */
export async function readTopic({ brokers, java, jars, properties }: Console, topic: string, count: number) {
  if (jars === null) throw new Error("set TIDEMARK_KAFKA_JARS to a directory with the broker's jars");
  // What no record holds: bytes between two of these are the record's own.
  const [field, line, between, none] = Array.from({ length: 4 }, () => randomUUID()) as [
    string,
    string,
    string,
    string,
  ];
  const settings = {
    ...{ 'print.partition': true, 'print.offset': true, 'print.timestamp': true, 'print.headers': true },
    ...{ 'print.key': true, 'print.value': true, 'key.separator': field, 'line.separator': line },
    ...{ 'headers.separator': between, 'null.literal': none },
  };
  const said = await output(java, [
    ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx128m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'],
    ...['-cp', `${jars}/*`, 'org.apache.kafka.tools.consumer.ConsoleConsumer'],
    ...['--bootstrap-server', brokers.join(','), '--topic', topic, '--from-beginning'],
    ...(properties === null ? [] : ['--consumer.config', properties]),
    ...['--isolation-level', 'read_committed', '--max-messages', String(count), '--timeout-ms', String(PATIENCE)],
    ...Object.entries(settings).flatMap(([name, value]) => ['--property', `${name}=${value}`]),
  ]);
  const lines = split(said, line);
  if (lines.pop()?.length !== 0) throw new Error(`what the console consumer printed of ${topic} ends within a record`);
  return lines.map((bytes) => record(split(bytes, field), between, none));
}

function record(fields: readonly Buffer[], between: string, none: string): ConsoleRecord {
  const [timestamp, partition, offset, headers, key, value, ...more] = fields;
  if (value === undefined || more.length > 0) throw new Error(`not a record: ${Buffer.concat(fields).toString()}`);
  const [type, ms] = timestamp!.toString().split(':') as ['CreateTime' | 'LogAppendTime', string];
  const orNull = (bytes: Buffer) => (bytes.equals(Buffer.from(none)) ? null : bytes);
  return {
    partition: numberBehind('Partition:', partition!),
    offset: numberBehind('Offset:', offset!),
    timestamp: Number(ms),
    stamped: type === 'LogAppendTime',
    headers: headers!.equals(Buffer.from('NO_HEADERS')) ? [] : split(headers!, between).map(header),
    key: orNull(key!),
    value: orNull(value),
  };
}

function numberBehind(label: string, bytes: Buffer): number {
  const text = bytes.toString();
  if (!text.startsWith(label)) throw new Error(`${text} stands where ${label} should`);
  return Number(text.slice(label.length));
}

function header(bytes: Buffer): readonly [name: string, value: Buffer] {
  const colon = bytes.indexOf(':');
  return [bytes.subarray(0, colon).toString(), bytes.subarray(colon + 1)];
}

function split(bytes: Buffer, separator: string): Buffer[] {
  const parts: Buffer[] = [];
  for (let from = 0; ; ) {
    const at = bytes.indexOf(separator, from);
    if (at < 0) return [...parts, bytes.subarray(from)];
    parts.push(bytes.subarray(from, at));
    from = at + separator.length;
  }
}

/** Standard output of a program that was started to print something; @throws with its output, unless it exits 0. */
export function output(command: string, args: readonly string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out));
      else reject(new Error(`${command} ended with code ${code}: ${Buffer.concat(err).toString().slice(-2_000)}`));
    });
  });
}
