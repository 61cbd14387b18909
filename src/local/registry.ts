import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PartContext } from './kafka.ts';
import { startPart } from './part.ts';
import type { Part } from './types.ts';

/** Starts a schema registry on 127.0.0.1. It keeps its schemas in memory: a restart loses them. */
export async function startRegistry(context: PartContext, jar: string, port: number): Promise<Part> {
  const home = join(context.directory, 'registry');
  await mkdir(home);
  return await startPart({
    ...context,
    name: 'schema registry',
    command: context.java,
    // It is idle most of the time: Java's first compiler alone halves the CPU of starting it.
    args: ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-jar', jar],
    env: { ...context.env, QUARKUS_HTTP_PORT: `${port}`, QUARKUS_HTTP_HOST: '127.0.0.1' },
    cwd: home,
    log: join(home, 'log'),
    endBy: 'KILL',
    isUp: async () => {
      // Connections are refused until it listens.
      const answer = await fetch(`${registryUrl(port)}/subjects`).catch(() => null);
      await answer?.body?.cancel();
      return answer?.ok ?? false;
    },
  });
}

/** The URL of the registry's API for Confluent's clients. */
export function registryUrl(port: number, host = '127.0.0.1'): string {
  return `http://${host}:${port}/apis/ccompat/v7`;
}
