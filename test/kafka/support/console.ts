import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { stack } from '../../support/stack.ts';
import { produce } from './broker.ts';

const run = promisify(execFile);

async function tool(
  main: string,
  config: '--consumer.config' | '--producer.config',
  args: string[],
  input?: string,
): Promise<string> {
  const { java, jars, brokers, properties } = stack();
  if (jars === null) throw new Error("set TIDEMARK_KAFKA_JARS to a directory with the broker's jars");
  const running = run(
    java,
    [
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-cp',
      `${jars}/*`,
      main,
      '--bootstrap-server',
      brokers.join(','),
      ...(properties === null ? [] : [config, properties]),
      ...args,
    ],
    { maxBuffer: 1 << 28 },
  );
  running.child.stdin?.end(input);
  return (await running).stdout;
}

const SEAL = 'nothing follows';
const PATIENCE_MS = 60_000;

/**
 * What the broker's own consumer reads of a topic, read committed, as `partition|key|value` in the order of offsets. A
 * record of ours ends each partition first: a record too many takes the place of one, and is seen. Once a topic.
 */
export async function consoleConsumer(topic: string, partitions: number, count: number): Promise<string[]> {
  for (let partition = 0; partition < partitions; partition++) await produce(topic, [{ partition, value: SEAL }]);
  const printed = ['partition', 'key', 'value'].flatMap((what) => ['--property', `print.${what}=true`]);
  const said = await tool('org.apache.kafka.tools.consumer.ConsoleConsumer', '--consumer.config', [
    ...['--topic', topic, '--from-beginning', '--isolation-level', 'read_committed'],
    ...['--max-messages', String(count + partitions), '--timeout-ms', String(PATIENCE_MS)],
    ...printed,
    ...['--property', 'key.separator=|'],
  ]);
  return said
    .split('\n')
    .filter((line) => line.startsWith('Partition:'))
    .map((line) => line.slice('Partition:'.length))
    .filter((line) => !line.endsWith(`|${SEAL}`));
}

/** Writes lines with the broker's own producer, compressed by `codec`, in batches of many. */
export async function consoleProducer(topic: string, codec: string, lines: readonly string[]): Promise<void> {
  await tool(
    'org.apache.kafka.tools.ConsoleProducer',
    '--producer.config',
    ['--topic', topic, '--compression-codec', codec, '--batch-size', '65536', '--timeout', '200'],
    `${lines.join('\n')}\n`,
  );
}
