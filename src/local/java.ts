import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchJars, haveJars, type Jars } from './jars.ts';
import { type PartContext, startKafka } from './kafka.ts';
import { Keeper } from './keeper.ts';
import { freePorts } from './ports.ts';
import { type Database, databaseUrl, FAST, postgresPrograms, startPostgres } from './postgres.ts';
import { makePassword } from './principals.ts';
import { registryUrl, startRegistry } from './registry.ts';
import { run } from './run.ts';
import type { JavaStack, StackOptions } from './types.ts';

/** What keeps this machine from running the parts on Java; null if nothing does. */
export async function whyNotJava(env: NodeJS.ProcessEnv): Promise<string | null> {
  if (process.platform === 'win32') return 'without Docker, the parts run on Linux and macOS only';
  const version = await javaVersion(env);
  if (version === null) return 'no java on PATH: install Java 17 or newer';
  if (version < 17) return `java is version ${version}: install Java 17 or newer`;
  if (!haveJars(env)) {
    try {
      await run('mvn', ['-v'], { env });
    } catch (error) {
      return `no Maven that runs on PATH, to fetch Kafka with: install it (${firstLine(error)})`;
    }
  }
  const programs = postgresPrograms();
  return 'missing' in programs ? programs.missing : null;
}

/** What the parts of a stack need to start. */
export interface StackBase {
  readonly context: PartContext;
  readonly keeper: Keeper;
  readonly jars: Jars;
  /** Directory of the Postgres programs. */
  readonly programs: string;
  readonly login: Database;
  /** Settings of Postgres that override the stack's own. */
  readonly postgres: Readonly<Record<string, string>>;
}

/** Starts broker, registry and Postgres as processes of this machine, on free ports of 127.0.0.1. */
export async function startJava(options: StackOptions): Promise<JavaStack> {
  return await startOnBase(options, async ({ context, keeper, jars, programs, login, postgres }) => {
    const [port, controller, registryPort, databasePort] = (await freePorts(4)) as [number, number, number, number];
    context.onProgress('starting Kafka, a schema registry and Postgres');
    const [broker, registry, database] = await all([
      startKafka(context, jars.kafka, [port, controller], options.kafka ?? {}),
      startRegistry(context, jars.registry, registryPort),
      startPostgres(context, programs, databasePort, login, postgres),
    ]);
    return {
      kind: 'java',
      brokers: [`127.0.0.1:${port}`],
      registryUrl: registryUrl(registryPort),
      databaseUrl: databaseUrl(login, databasePort),
      jars: jars.kafka,
      java: context.java,
      broker,
      registry,
      database,
      describe: () =>
        `Kafka on 127.0.0.1:${port}, schema registry on 127.0.0.1:${registryPort}, ` +
        `Postgres on 127.0.0.1:${databasePort}: processes of this machine, data in ${context.directory} until they stop`,
      stop: () => keeper.stop(),
    };
  });
}

/** Fetches and makes what a stack needs, then starts it; if that fails, nothing of it is left. */
export async function startOnBase<T>(options: StackOptions, start: (ground: StackBase) => Promise<T>): Promise<T> {
  const env = options.env ?? process.env;
  const onProgress = options.onProgress ?? (() => {});
  const programs = postgresPrograms();
  if ('missing' in programs) throw new Error(programs.missing);
  const keeper = new Keeper();
  try {
    const jars = await fetchJars(env, keeper, onProgress);
    const directory = await mkdtemp(join(tmpdir(), 'tidemark-'));
    keeper.remove(directory);
    return await start({
      context: { directory, java: javaProgram(env), env, keeper, onProgress },
      keeper,
      jars,
      programs: programs.directory,
      login: { user: 'tidemark', password: makePassword(), name: 'tidemark' },
      postgres: { ...(options.fast ? FAST : {}), ...options.postgres },
    });
  } catch (error) {
    await keeper.stop();
    throw error;
  }
}

/** Like `Promise.all`, but it rejects only once all have settled: a part that still starts would outlive the stack's end. */
export async function all<T extends readonly unknown[]>(promises: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const settled = await Promise.allSettled(promises);
  for (const each of settled) if (each.status === 'rejected') throw each.reason;
  return settled.map((each) => (each as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

function javaProgram(env: NodeJS.ProcessEnv): string {
  return env.JAVA_HOME ? join(env.JAVA_HOME, 'bin', 'java') : 'java';
}

/** Major version of Java; null: there is none that runs. */
async function javaVersion(env: NodeJS.ProcessEnv): Promise<number | null> {
  try {
    const output = await run(javaProgram(env), ['-version'], { env });
    const [, major] = /version "(?:1\.)?(\d+)/.exec(output) ?? [];
    return major === undefined ? null : Number(major);
  } catch {
    return null;
  }
}

function firstLine(error: unknown): string {
  return (error as Error).message.split('\n', 1)[0] ?? '';
}
