import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { startJava, whyNotJava } from '../../src/local/java.ts';
import { run } from '../../src/local/run.ts';
import type { JavaStack } from '../../src/local/stack.ts';
import { isAlive, startProgram } from '../support/processes.ts';
import { until } from '../support/until.ts';

const why = await whyNotJava(process.env);
const describeJava = why === null ? describe : describe.skip;
const reason = why === null ? '' : ` (skipped: ${why})`;

describeJava(`a stack of processes${reason}`, () => {
  let stack: JavaStack;
  const said: string[] = [];

  beforeAll(async () => {
    stack = await startJava({ onProgress: (line) => said.push(line) });
  });

  afterAll(async () => {
    await stack?.stop();
  });

  test('the broker, killed and started again, has its topics on the same port', async () => {
    await tool('TopicCommand', '--create', '--topic', 'kept', '--partitions', '3');
    const before = stack.broker.pid;
    await stack.broker.kill();
    expect(isAlive(before)).toBe(false);
    await stack.broker.start();
    expect(stack.broker.pid).not.toBe(before);
    expect(await tool('TopicCommand', '--describe', '--topic', 'kept')).toContain('PartitionCount: 3');
  });

  test('Postgres, killed and started again, has what was committed, on the same port', async () => {
    await query('CREATE TABLE kept AS SELECT 42 AS answer');
    await stack.database.kill();
    await expect(query('SELECT 1')).rejects.toThrow();
    await stack.database.start();
    expect(await query('SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  test('Postgres is durable, as in production, and its database is ours', async () => {
    const asked = "SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit";
    expect(await query(asked)).toEqual([{ fsync: 'on', commit: 'on' }]);
  });

  test('the registry answers under the path that Confluent clients are given', async () => {
    const answer = await fetch(`${stack.registryUrl}/subjects`);
    expect(await answer.json()).toEqual([]);
  });

  test('a part that dies by itself is spoken of', async () => {
    process.kill(stack.registry.pid, 'SIGKILL');
    await until('it is said', () => said.some((line) => line.includes('schema registry ended by itself (SIGKILL)')));
    await stack.registry.start();
  });

  test('stopped, it leaves no process and no file', async () => {
    const parts = [stack.broker, stack.registry, stack.database];
    const pids = parts.map((part) => part.pid);
    const directory = dirname(dirname(stack.broker.log));
    expect(pids.filter(isAlive)).toEqual(pids);
    expect(existsSync(directory)).toBe(true);
    await stack.stop();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  });

  async function tool(name: string, ...args: string[]): Promise<string> {
    const command = [`org.apache.kafka.tools.${name}`, '--bootstrap-server', stack.brokers[0]!];
    return await run(stack.java, ['-cp', `${stack.jars}/*`, ...command, ...args], { env: process.env });
  }

  async function query(sql: string): Promise<unknown[]> {
    const client = new pg.Client(stack.databaseUrl);
    try {
      await client.connect();
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }
});

describeJava(`a stack whose owner is killed${reason}`, () => {
  let owner: ChildProcess | undefined;

  afterEach(() => {
    owner?.kill('SIGKILL');
  });

  test('leaves no process and no file', async () => {
    const program = new URL('./support/stack-owner.mjs', import.meta.url);
    const env = { ...process.env, TIDEMARK_STACK: 'java' };
    const { child, said } = await startProgram<{ pids: number[]; directory: string }>(program, env);
    owner = child;
    expect(said.pids.filter(isAlive)).toEqual(said.pids);
    owner.kill('SIGKILL');
    await until('its processes are gone', () => !said.pids.some(isAlive));
    await until('its data is gone', () => !existsSync(said.directory));
  });
});
