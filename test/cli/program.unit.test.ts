import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { explain, Failure, isAway } from '../../src/cli/failure.ts';
import { VERSION } from '../../src/cli/io.ts';
import { LoginRefused } from '../../src/kafka/login-refused.ts';
import { messageOf } from '../../src/ports/errors.ts';
import { SettingsError } from '../../src/settings/index.ts';
import { tidemark } from './support/harness.ts';

const PLAIN = { debug: false, json: false };
const COMMANDS = ['setup', 'run', 'config', 'status', 'test', 'simulate'];

describe('the command line', () => {
  test('without a command it shows the commands and exits 2', async () => {
    const { code, err } = await tidemark([]);
    expect(code).toBe(2);
    for (const command of COMMANDS) expect(err).toContain(`  ${command} `);
  });

  test.each([[], ...COMMANDS.map((command) => [command])].map((argv) => [argv.join(' '), argv] as const))(
    '`%s` answers --help with examples and --version',
    async (_, argv) => {
      const help = await tidemark([...argv, '--help']);
      expect(help).toMatchObject({ code: 0, err: '' });
      expect(help.out).toMatch(/Examples:\n {2}\$ tidemark/);
      expect(await tidemark([...argv, '--version'])).toEqual({ code: 0, out: `${VERSION}\n`, err: '' });
    },
  );

  test.each([
    ['an unknown command', ['fold']],
    ['an unknown option', ['config', '--colour']],
    ['a missing argument', ['test']],
    ['a wrong value', ['simulate', '--late', '2']],
    ['an unknown setting', ['config', '--set', 'visit.gapp=1m']],
  ])('%s is wrong usage: exit 2, said on stderr', async (_, argv) => {
    const { code, out, err } = await tidemark(argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).not.toBe('');
  });

  test('a part that is away is exit 3, naming it and the setting with its address', async () => {
    const { code, err } = await tidemark(['simulate', '--registry-url', 'http://127.0.0.1:1']);
    expect(code).toBe(3);
    expect(err).toMatch(/schema registry http:\/\/127\.0\.0\.1:1 gives no answer .*registry\.url/);
    expect(err).not.toMatch(/ at .*\.ts:\d/);
  });

  test('a stack trace is shown with log.level debug only', async () => {
    const { err } = await tidemark(['simulate', '--registry-url', 'http://127.0.0.1:1', '--log-level', 'debug']);
    expect(err).toMatch(/ at .*\.[jt]s:\d/);
  });
});

describe('exit codes of errors', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
  test.each([
    ['a check', new Failure(1, 'x'), 1],
    ['settings', new SettingsError(['x']), 2],
    ['a refused connection', refused, 3],
    ['all addresses of a host refused', new AggregateError([refused, refused]), 3],
    ['fetch, by its cause', new TypeError('fetch failed', { cause: refused }), 3],
    ['Kafka without a broker', Object.assign(new Error('x'), { name: 'KafkaJSConnectionError' }), 3],
    [
      'Kafka that tried often enough',
      Object.assign(new Error('x'), {
        name: 'KafkaJSNumberOfRetriesExceeded',
        originalError: { name: 'KafkaJSConnectionError' },
      }),
      3,
    ],
    ['brokers that refuse the login', new LoginRefused('x', 'correct it'), 3],
    ['Postgres that knows no such user', Object.assign(new Error('x'), { code: '28P01' }), 3],
    ['a mistake of our own', new Error('x'), 1],
    ['an error that causes itself', Object.assign(new Error('x'), { cause: null }), 1],
  ])('%s', (_, error, code) => {
    expect(explain(error, PLAIN).exitCode).toBe(code);
  });

  test('a refused login is nothing to wait for, and says once what to do', () => {
    const error = new LoginRefused('b1:9092 refused the login', 'correct the password');
    expect(isAway(error)).toBe(false);
    const text = 'tidemark: b1:9092 refused the login: correct the password\n';
    expect(explain(error, PLAIN).text).toBe(text);
    expect(explain(new Error('b1:9092 refused the login: correct the password', { cause: error }), PLAIN).text).toBe(
      text,
    );
  });

  test('an error that is its own cause ends the search', () => {
    const error = new Error('x');
    error.cause = error;
    expect(isAway(error)).toBe(false);
  });

  test('the message is that of the cause if the error has none itself', () => {
    expect(messageOf(new AggregateError([refused, refused]))).toBe(`${refused.message}; ${refused.message}`);
    expect(messageOf(new TypeError('fetch failed', { cause: refused }))).toBe(refused.message);
  });
});

describe('where log.format is json, the last word is a line of the log', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'last-word-'));
  afterAll(() => rmSync(cwd, { recursive: true }));
  writeFileSync(join(cwd, 'json.yaml'), 'log.format: json\nvisit.gap: never\n');
  const away = ['simulate', '--registry-url', 'http://127.0.0.1:1'];
  const json = { TIDEMARK_LOG_FORMAT: 'json' };

  test.each([
    [
      'wrong settings',
      ['config', '--set', 'visit.gap=never'],
      json,
      2,
      /^the settings cannot be used:\n {2}- visit.gap/,
    ],
    ['wrong usage', ['config', '--colour'], json, 2, /^error: unknown option '--colour'$/],
    ['a part that is away', away, json, 3, /gives no answer .* check registry.url/],
    ['by a flag', ['config', '--log-format=json', '--set', 'visit.gap=never'], {}, 2, /visit.gap/],
    ['by --set', ['config', '--set', 'log.format=json', '--set', 'visit.gap=never'], {}, 2, /visit.gap/],
    ['by the file, which is wrong elsewhere', ['config', '--config', 'json.yaml'], {}, 2, /visit.gap/],
  ] as const)('%s', async (_, argv, env, exitCode, msg) => {
    const { code, out, err } = await tidemark(argv, { env, cwd });
    expect({ code, out, lines: err.split('\n').length }).toEqual({ code: exitCode, out: '', lines: 2 });
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(JSON.parse(err)).toEqual({ level: 'fatal', time, exitCode, msg: expect.stringMatching(msg) });
  });

  test('with its stack where log.level is debug', async () => {
    const { err } = await tidemark([...away, '--log-level', 'debug'], { env: json, cwd });
    const last = err.trimEnd().split('\n').at(-1)!;
    expect(JSON.parse(last)).toMatchObject({ level: 'fatal', stack: expect.stringMatching(/\n {4}at /) });
  });

  test('a flag goes before the environment', async () => {
    const argv = ['config', '--log-format', 'pretty', '--set', 'visit.gap=never'];
    expect((await tidemark(argv, { env: json, cwd })).err).toMatch(/^tidemark: the settings cannot be used/);
  });
});
