/** Brings up a broker, a schema registry and Postgres on one machine, for the demo and the tests. */
import { startCluster, whyNotCluster } from './cluster.ts';
import { startDocker, whyNotDocker } from './docker.ts';
import { startJava, whyNotJava } from './java.ts';
import type { GivenStack, MemoryStack, Stack, StackKind, StackOptions } from './types.ts';

export type {
  ClusterNode,
  ClusterStack,
  GivenStack,
  JavaStack,
  MemoryStack,
  Part,
  RealStack,
  Stack,
  StackKind,
  StackOptions,
} from './types.ts';

/** One way to bring up a stack. */
export interface Way {
  readonly kind: Exclude<StackKind, 'memory'>;
  /** Why this machine cannot; null: it can. */
  readonly whyNot: () => Promise<string | null>;
  readonly start: () => Promise<Stack>;
}

/**
 * Brings up a stack: from addresses of the environment (KAFKA_BROKERS, SCHEMA_REGISTRY_URL and DATABASE_URL, all three),
 * else as containers, else as processes on Java (a cluster of them if asked for), else of kind `memory`, with the reason.
 *
 * `TIDEMARK_STACK` in the environment forces one (`environment`, `docker`, `java`, `memory`), or refuses `memory`
 * (`required`, as the option does). A way that was forced and fails, or that seemed possible and fails, throws.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const env = options.env ?? process.env;
  const ways: Way[] = [
    { kind: 'environment', whyNot: async () => whyNotGiven(env), start: async () => givenStack(env) },
    { kind: 'docker', whyNot: whyNotDocker, start: () => startDocker(options) },
    options.cluster
      ? { kind: 'java', whyNot: () => whyNotCluster(env), start: () => startCluster(options) }
      : { kind: 'java', whyNot: () => whyNotJava(env), start: () => startJava(options) },
  ];
  return await choose(ways, env.TIDEMARK_STACK ?? '', options.required ?? false);
}

/** Goes the first way that is possible, unless `setting` (of TIDEMARK_STACK) forces one. */
export async function choose(ways: readonly Way[], setting: string, required = false): Promise<Stack> {
  const real = required || setting === 'required';
  const forced = ways.filter((way) => way.kind === setting);
  if (setting === 'memory') {
    if (real) throw new Error('real parts are needed here, and TIDEMARK_STACK=memory asks for none: unset it');
    return memoryStack('TIDEMARK_STACK=memory asks for it');
  }
  if (setting !== '' && setting !== 'required' && forced.length === 0) {
    throw new Error(`TIDEMARK_STACK is "${setting}": set it to environment, docker, java, memory or required`);
  }
  const reasons: string[] = [];
  for (const way of forced.length > 0 ? forced : ways) {
    const reason = await way.whyNot();
    if (reason === null) return await way.start();
    reasons.push(`${way.kind}: ${reason}`);
  }
  const reason = reasons.join('; ');
  if (real || forced.length > 0) throw new Error(`no broker, registry and database can be had here. ${reason}`);
  return memoryStack(reason);
}

function memoryStack(reason: string): MemoryStack {
  return {
    kind: 'memory',
    reason,
    describe: () => `nothing real, all in memory (${reason})`,
    stop: async () => {},
  };
}

const NAMES = ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'DATABASE_URL'] as const;

function whyNotGiven(env: NodeJS.ProcessEnv): string | null {
  const missing = NAMES.filter((name) => !env[name]);
  return missing.length === 0 ? null : `${missing.join(', ')} not set`;
}

function givenStack(env: NodeJS.ProcessEnv): GivenStack {
  const [brokers, registryUrl, databaseUrl] = NAMES.map((name) => env[name] ?? '') as [string, string, string];
  return {
    kind: 'environment',
    brokers: brokers.split(',').map((broker) => broker.trim()),
    registryUrl,
    databaseUrl,
    describe: () => `Kafka on ${brokers}, schema registry and Postgres as the environment says`,
    stop: async () => {},
  };
}
