import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { aclCommands } from '../../src/kafka/rights/acl-command.ts';
import { RIGHTS, rightsFor, USES } from '../../src/kafka/rights/declaration.ts';
import { withRightsTable } from '../../src/kafka/rights/docs.ts';
import { loadSettings } from '../../src/settings/index.ts';

const load = (...set: string[]) => loadSettings({ flags: { set }, env: {}, cwd: '/' }).settings;
const told = (rights: ReturnType<typeof rightsFor>) =>
  rights.map(({ resource, operation }) => `${operation} ${resource.type} ${resource.name}`);

describe('the declaration of rights', () => {
  test('names what the settings name', () => {
    const rights = rightsFor('run', load('kafka.group=g', 'input.topic=clicks', 'output.topic=visits'));
    expect(told(rights)).toEqual(
      expect.arrayContaining([
        'Read topic clicks',
        'Write topic visits',
        'Write topic clicks.dead-letter',
        'Write topic clicks.late',
        'Read group g',
        'Read group g.outbox',
        'Write transactional-id g.clicks.',
      ]),
    );
  });

  test.each(USES)('of %s has nothing twice, and nothing that another right implies', (use) => {
    const all = told(rightsFor(use, load()));
    expect(new Set(all).size).toBe(all.length);
    for (const each of all) {
      const [operation, ...on] = each.split(' ');
      if (operation !== 'Describe') continue;
      for (const more of ['Read', 'Write']) expect(all).not.toContain([more, ...on].join(' '));
    }
  });

  test('a name of a consumer group is taken where one is given', () => {
    expect(told(rightsFor('consumer', load(), 'dashboards'))).toContain('Read group dashboards');
  });
});

describe('command lines of kafka-acls', () => {
  const options = { brokers: ['a:9092', 'b:9092'], principal: 'User:tidemark' };
  const head = 'kafka-acls.sh --bootstrap-server a:9092,b:9092 --command-config admin.properties --add';

  test('are one for each resource, with prefixes told', () => {
    expect(aclCommands(rightsFor('retry', load()), options)).toEqual([
      `${head} --allow-principal User:tidemark --operation Read --topic tracks.dead-letter`,
      `${head} --allow-principal User:tidemark --operation Write --operation Read --operation DescribeConfigs --topic tracks`,
      `${head} --allow-principal User:tidemark --operation Write --transactional-id tidemark.tracks.retry`,
    ]);
    expect(aclCommands(rightsFor('run', load()), options).at(-1)).toBe(
      `${head} --allow-principal User:tidemark --operation Write --transactional-id tidemark.tracks. --resource-pattern-type prefixed`,
    );
  });

  test('are safe to paste, whatever a group or a user is called', () => {
    const settings = load("kafka.group=it's;$(x)");
    const commands = aclCommands(rightsFor('run', settings), { ...options, principal: 'User:CN=a b' });
    expect(commands.join('\n')).toContain(`--group 'it'\\''s;$(x)'`);
    expect(commands.join('\n')).toContain(`--allow-principal 'User:CN=a b'`);
  });
});

describe('docs/RUNNING.md', () => {
  test("has the declaration's table: npm run docs:rights writes it", () => {
    const text = readFileSync(new URL('../../docs/RUNNING.md', import.meta.url), 'utf8');
    expect(text).toBe(withRightsTable(text, load()));
    for (const use of USES) expect(RIGHTS[use].length).toBeGreaterThan(0);
  });
});
