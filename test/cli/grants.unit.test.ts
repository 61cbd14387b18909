import { describe, expect, test } from '@jest/globals';
import { tidemark } from './support/harness.ts';

const print = (...argv: string[]) => tidemark(['setup', '--print-grants', ...argv]);

describe('setup --print-grants', () => {
  test('prints a script for all uses without connecting to anything', async () => {
    const { code, out, err } = await print('--brokers', '127.0.0.1:1', '--database-url', 'postgres://127.0.0.1:1/x');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const use of ['setup', 'run', 'retry', 'simulate', 'reader', 'producer', 'consumer']) {
      expect(out).toMatch(
        new RegExp(`^# ${use}: User:\\S+\nkafka-acls\\.sh --bootstrap-server 127\\.0\\.0\\.1:1 `, 'm'),
      );
    }
  });

  test('--for restricts it, and --as names who it is for', async () => {
    const { out } = await print('--for', 'run,consumer', '--as', 'run=CN=tidemark,O=shop', '--as', 'dashboards');
    expect([...out.matchAll(/^# (\w+): (User:.*)$/gm)].map(([, use, who]) => [use, who])).toEqual([
      ['run', 'User:CN=tidemark,O=shop'],
      ['consumer', 'User:dashboards'],
    ]);
  });

  test('what runs with these settings is granted to the user that they log in as', async () => {
    const sasl = ['mechanism=plain', 'username=folder', 'password=x'].flatMap((each) => [
      '--set',
      `kafka.sasl.${each}`,
    ]);
    const { out } = await print('--for', 'run', ...sasl);
    expect(out).toContain('# run: User:folder\n');
    expect(out).toContain('--allow-principal User:folder --operation Read');
    expect(out).not.toContain('password');
  });

  test('what is granted in Postgres is SQL for the roles given, or the one in the URL', async () => {
    const url = ['--database-url', 'postgres://folder@db/shop', '--set', 'database.schema=visits'];
    const { out } = await print('--for', 'setup,run,simulate', '--role', 'setup=deployer', ...url);
    expect(out).toContain('CREATE SCHEMA IF NOT EXISTS "visits" AUTHORIZATION "deployer";\n');
    expect(out).toMatch(/^GRANT CONNECT, TEMPORARY ON DATABASE "shop" TO "folder";$/m);
    expect(out.match(/^psql .*<<'SQL'$/gm)).toHaveLength(2);
    const none = await print('--for', 'simulate', ...url);
    expect(none.out).not.toContain('psql');
  });

  test('--json has the rights one by one', async () => {
    const { out } = await print('--json', '--for', 'consumer', '--consumer-group', 'dashboards');
    const [consumer] = JSON.parse(out) as { use: string; kafka: { principal: string; rights: object[] } }[];
    expect(consumer).toMatchObject({ use: 'consumer', kafka: { principal: 'User:consumer' } });
    expect(consumer!.kafka.rights).toContainEqual(
      expect.objectContaining({ type: 'group', name: 'dashboards', pattern: 'literal', operation: 'Read' }),
    );
  });

  test.each([
    ['an unknown use', ['--print-grants', '--for', 'run,folding']],
    ['no name', ['--print-grants', '--as', 'run=']],
    ['options of it without it', ['--for', 'run']],
    ['two things at once', ['--print-grants', '--check']],
  ])('%s is wrong usage', async (_, argv) => {
    const { code, out } = await tidemark(['setup', ...argv]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });
});
