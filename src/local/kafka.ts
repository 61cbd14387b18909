import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PartSpec, startPart } from './part.ts';
import { run } from './run.ts';
import type { Part } from './types.ts';

export type PartContext = Pick<PartSpec, 'keeper' | 'onProgress' | 'env'> & {
  /** The stack's own directory, without files of this part. */
  readonly directory: string;
  readonly java: string;
};

/** Formats and starts a broker that is its own controller, on two ports of 127.0.0.1. */
export async function startKafka(
  context: PartContext,
  jars: string,
  [port, controllerPort]: readonly [number, number],
  settings: Readonly<Record<string, string>>,
): Promise<Part> {
  const home = join(context.directory, 'kafka');
  await mkdir(home);
  const file = join(home, 'server.properties');
  const all = { ...serverProperties(home, port, controllerPort), ...settings };
  const text = Object.entries(all).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(file, text.join(''));
  const classpath = ['-cp', `${jars}/*`];
  await run(context.java, [...classpath, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER, '-c', file], {
    env: context.env,
    cwd: home,
  });
  return await startPart({
    ...context,
    name: 'Kafka',
    command: context.java,
    args: ['-Xmx1g', '-XX:+UseSerialGC', ...LOGGING, ...classpath, 'kafka.Kafka', file],
    cwd: home,
    log: join(home, 'log'),
    endBy: 'KILL',
    // The broker opens its port before the controller lets it serve; this line comes after both.
    isUp: (output) => output.includes('Kafka Server started'),
  });
}

/** Any id does: a data directory belongs to one stack. */
const CLUSTER = 'dGlkZW1hcmstbG9jYWwtMQ';

export const LOGGING = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
];

function serverProperties(home: string, port: number, controllerPort: number): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(home, 'data'),
    ...ONE_BROKER,
  };
}

/** Settings with which a broker, and a group, start quickly. */
export const QUICK: Readonly<Record<string, string>> = {
  'offsets.topic.num.partitions': '8',
  'transaction.state.log.num.partitions': '8',
  'group.initial.rebalance.delay.ms': '0',
  'auto.create.topics.enable': 'false',
};

/** Settings that a single broker needs besides; the container's broker takes the same. */
export const ONE_BROKER: Readonly<Record<string, string>> = {
  ...QUICK,
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
};
