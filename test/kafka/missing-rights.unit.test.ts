import { describe, expect, test } from '@jest/globals';
import { rightsFor } from '../../src/kafka/rights/declaration.ts';
import { isDenied, MissingRights } from '../../src/kafka/rights/missing-rights.ts';
import { MissingRoleRights } from '../../src/postgres/rights.ts';
import { loadSettings } from '../../src/settings/index.ts';

const { settings } = loadSettings({ flags: {}, env: {}, cwd: '/' });
const rights = rightsFor('run', settings);

describe('the message of missing rights', () => {
  test('names user, right and resource, says what for, and has the command that grants it', () => {
    const [read] = rights;
    expect(new MissingRights([read!], 'User:tidemark', ['a:9092']).message).toBe(
      'User:tidemark lacks the right to Read (to read the records) on topic tracks: grant it with ' +
        '`kafka-acls.sh --bootstrap-server a:9092 --command-config admin.properties --add --allow-principal User:tidemark ' +
        '--operation Read --topic tracks`',
    );
  });

  test('has a line for each resource', () => {
    const { message } = new MissingRights(rights, 'User:tidemark', ['a:9092']);
    expect(message.split('\n')).toHaveLength(new Set(rights.map(({ resource }) => resource.name)).size);
    expect(message).toMatch(/Write \(to publish\) and Read \(.*\) and DescribeConfigs \(.*\) on topic session-ended: /);
    expect(message).toMatch(/on transactional id tidemark\.tracks\.\*: .*--resource-pattern-type prefixed/);
  });

  test('says so where it is not known what the brokers call this user', () => {
    const { message } = new MissingRights([rights[0]!], null, ['a:9092']);
    expect(message).toMatch(/^this user lacks .*--allow-principal User:NAME /);
  });
});

describe('whether an error says that a right is missing', () => {
  const denied = Object.assign(new Error('no'), { type: 'TOPIC_AUTHORIZATION_FAILED' });
  test.each([
    ['a broker', denied, true],
    ['its cause', new Error('could not', { cause: new Error('and', { cause: denied }) }), true],
    ["KafkaJS's tries", Object.assign(new Error('x'), { originalError: denied }), true],
    ['one of several', Object.assign(new Error('x'), { errors: [new Error('y'), denied] }), true],
    ['ours', new MissingRights([], null, []), true],
    ['a role of Postgres that lacks a right', new MissingRoleRights('x'), false],
    ['another refusal', Object.assign(new Error('x'), { type: 'UNKNOWN_TOPIC_OR_PARTITION' }), false],
    ['a broker that is away', new Error('x'), false],
    ['nothing', undefined, false],
  ])('%s', (_, error, expected) => {
    expect(isDenied(error)).toBe(expected);
  });

  test('an error that is its own cause ends the search', () => {
    const error = new Error('x');
    error.cause = error;
    expect(isDenied(error)).toBe(false);
  });
});
