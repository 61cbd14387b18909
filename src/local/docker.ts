/** The parts as containers, by testcontainers, which ends them however this process ends. */
import { ONE_BROKER } from './kafka.ts';
import { freePorts } from './ports.ts';
import { FAST } from './postgres.ts';
import { registryUrl } from './registry.ts';
import type { GivenStack, StackOptions } from './types.ts';

export const KAFKA_IMAGE = 'apache/kafka:4.1.1';
export const REGISTRY_IMAGE = 'apicurio/apicurio-registry-mem:2.6.13.Final';
export const POSTGRES_IMAGE = 'postgres:18';
/** How long a part may take to answer, ms: a busy machine takes more than a minute. */
const UP_WITHIN = 180_000;
const IMAGES = [KAFKA_IMAGE, REGISTRY_IMAGE, POSTGRES_IMAGE] as const;

/** What keeps this machine from running containers; null if nothing does. Takes some milliseconds. */
export async function whyNotDocker(): Promise<string | null> {
  let testcontainers: typeof import('testcontainers');
  try {
    testcontainers = await import('testcontainers');
  } catch (error) {
    return `the npm package testcontainers cannot be loaded: run npm ci with development dependencies (${(error as Error).message})`;
  }
  try {
    await testcontainers.getContainerRuntimeClient();
    return null;
  } catch (error) {
    return `no container engine answers: start Docker (${(error as Error).message})`;
  }
}

/** Starts broker, registry and Postgres as containers; fetches their images first where they are missing. */
export async function startDocker(options: StackOptions): Promise<GivenStack> {
  const onProgress = options.onProgress ?? (() => {});
  const { GenericContainer, Wait, getContainerRuntimeClient } = await import('testcontainers');
  const host = (await getContainerRuntimeClient()).info.containerRuntime.host;
  // The broker gives clients its address, so its port has to be known before it starts.
  const [port] = (await freePorts(1)) as [number];
  const broker = new GenericContainer(KAFKA_IMAGE)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment(brokerEnvironment(host, port, options.kafka ?? {}))
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/));
  const registry = new GenericContainer(REGISTRY_IMAGE)
    .withExposedPorts(8080)
    .withWaitStrategy(Wait.forHttp('/apis/ccompat/v7/subjects', 8080));
  const flags = Object.entries({ ...(options.fast ? FAST : {}), max_connections: '200', ...options.postgres });
  const database = new GenericContainer(POSTGRES_IMAGE)
    .withExposedPorts(5432)
    .withEnvironment({ POSTGRES_USER: 'tidemark', POSTGRES_PASSWORD: 'tidemark', POSTGRES_DB: 'tidemark' })
    .withCommand(['postgres', ...flags.flatMap(([key, value]) => ['-c', `${key}=${value}`])])
    // Postgres starts once to make the database, and once more to serve it.
    .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2));
  onProgress(`starting containers: ${IMAGES.join(', ')} (fetched where missing)`);
  const starting = await Promise.allSettled(
    [broker, registry, database].map((each) => each.withStartupTimeout(UP_WITHIN).start()),
  );
  const running = starting.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(running.splice(0).map((each) => each.stop()));
  };
  const failed = starting.flatMap((each, i) => (each.status === 'rejected' ? [`${IMAGES[i]}: ${each.reason}`] : []));
  if (failed.length > 0) {
    await stop();
    throw new Error(`the containers of the stack could not be started. ${failed.join('; ')}`);
  }
  const [, registryPort, databasePort] = [port, running[1]!.getMappedPort(8080), running[2]!.getMappedPort(5432)];
  return {
    kind: 'docker',
    brokers: [`${host}:${port}`],
    registryUrl: registryUrl(registryPort!, host),
    databaseUrl: `postgres://tidemark:tidemark@${host}:${databasePort}/tidemark`,
    describe: () =>
      `Kafka on ${host}:${port}, schema registry on ${host}:${registryPort}, ` +
      `Postgres on ${host}:${databasePort}: containers, gone when they stop`,
    stop,
  };
}

/**
 * The image takes each broker setting as a variable. Clients get a port of the host as its address, at which the broker cannot
 * reach itself: for requests to itself, as to end a transaction, it has a listener inside.
 */
function brokerEnvironment(
  host: string,
  port: number,
  settings: Readonly<Record<string, string>>,
): Record<string, string> {
  const all = {
    'node.id': '1',
    'process.roles': 'broker,controller',
    listeners: 'OUTSIDE://:9092,INSIDE://:19092,CONTROLLER://:9093',
    'advertised.listeners': `OUTSIDE://${host}:${port},INSIDE://localhost:19092`,
    'listener.security.protocol.map': 'OUTSIDE:PLAINTEXT,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'INSIDE',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': '1@localhost:9093',
    ...ONE_BROKER,
    ...settings,
  };
  const names = Object.entries(all).map(([key, value]) => [`KAFKA_${key.toUpperCase().replaceAll('.', '_')}`, value]);
  return Object.fromEntries(names) as Record<string, string>;
}
