import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_RULES } from '../../src/core/rules/rules.ts';
import { type LoadOptions, loadSettings, rulesOf, SettingsError } from '../../src/settings/index.ts';

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'settings-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

function file(content: string, name = `${Math.random()}.yaml`): string {
  writeFileSync(join(cwd, name), content);
  return name;
}
const load = (options: LoadOptions) => loadSettings({ cwd, ...options });

function problems(options: LoadOptions): readonly string[] {
  try {
    load(options);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

const ENDPOINT = {
  KAFKA_SASL_MECHANISM: 'oauthbearer',
  KAFKA_SASL_TOKEN_URL: 'https://login.example/token',
  KAFKA_SASL_CLIENT_ID: 'fold',
  KAFKA_SASL_CLIENT_SECRET: 's',
};

describe('what would print a secret', () => {
  const registry = (url: string, more = {}) => load({ env: { SCHEMA_REGISTRY_URL: url, ...more } }).warnings;
  const token = { SCHEMA_REGISTRY_TOKEN: 'hunter2' };
  const password = { SCHEMA_REGISTRY_USERNAME: 'me', SCHEMA_REGISTRY_PASSWORD: 'hunter2' };

  test.each([
    ['http://registry:81', token, 'token'],
    ['https://a,http://b:81', password, 'password'],
    ['http://me:hunter2@registry:81', {}, 'password'],
  ])('is warned of: %s', (url, more, what) => {
    const [warning, ...others] = registry(url, more);
    expect(warning).toMatch(new RegExp(`registry\\.url has http://(registry|b):81.*: the ${what} crosses the network`));
    expect(warning).not.toContain('hunter2');
    expect(others).toEqual([]);
  });

  test.each([
    ['http://registry:8081', {}],
    ['https://registry', token],
    ['https://me:hunter2@registry', {}],
    ['http://localhost:8081,http://127.0.0.1:8081,http://[::1]:8081', password],
  ])('is not warned of where it does not: %s', (url, more) => {
    expect(registry(url, more)).toEqual([]);
  });

  test('an address of a token endpoint holds no secret', () => {
    const env = { ...ENDPOINT, KAFKA_TLS: 'true', KAFKA_SASL_TOKEN_URL: 'https://me:hunter2@login.example/token' };
    const [problem, ...others] = problems({ env });
    expect(problem).toMatch(/^kafka\.sasl\.token_url holds a user: /);
    expect(problem).not.toContain('hunter2');
    expect(others).toEqual([]);
  });
});

describe('a file with a mistake in it', () => {
  const SECRET = 'hunter2';
  test.each([
    `kafka: { sasl: { password: abc: ${SECRET} } }`,
    `kafka:\n  sasl:\n    password: @${SECRET}`,
    `kafka:\n  sasl:\n    password: "${SECRET}`,
    `database:\n  password: ${SECRET}: x`,
    `database:\n\tpassword: ${SECRET}`,
    `database.password: [${SECRET}`,
    `database.password: %${SECRET}`,
    `database.password: *${SECRET}`,
    `database.password: |${SECRET}\n  x`,
    `database.password: >2 ${SECRET}\n  x`,
    `database.password: "a" ${SECRET}`,
    `database.password: "\\${SECRET}"`,
    `database.password: {${SECRET}: 1}`,
    `database.url: postgres://me:${SECRET}@h:x/d`,
    `database.url: postgres://me:${SECRET}@h/d?sslmode=x`,
    `registry.url: [http://me:${SECRET}@h:99999]`,
  ])('names the place and quotes nothing of the line: %j', (content) => {
    const found = problems({ flags: { config: file(content) } }).join('\n');
    expect(found).toMatch(/\.yaml:\d/);
    expect(found).not.toContain(SECRET);
  });
});

describe('settings', () => {
  test('with nothing set, the rules are the defaults of the semantics', () => {
    const { settings, sources, warnings } = load({});
    expect(rulesOf(settings)).toEqual(DEFAULT_RULES);
    expect([...new Set(sources.values())]).toEqual(['default']);
    expect(warnings).toEqual([]);
  });

  test('the default topics follow the input topic unless they are set', () => {
    const { settings } = load({ env: { TIDEMARK_INPUT_TOPIC: 'web', TIDEMARK_LATE_TOPIC: 'tardy' } });
    expect([settings.deadLetter.topic, settings.late.topic]).toEqual(['web.dead-letter', 'tardy']);
  });

  test('defaults yield to the file, the file to the environment, the environment to flags', () => {
    const config = file('visit:\n  gap: 1m\n  out_of_orderness: 2m\n  arrival_grace: 3s\n');
    const { settings, sources, where } = load({
      flags: { config, set: ['visit.arrival_grace=9s'], values: { 'http.port': '0' } },
      env: { TIDEMARK_VISIT_OUT_OF_ORDERNESS: '7s', TIDEMARK_VISIT_ARRIVAL_GRACE: '8s' },
    });
    expect(settings.visit).toMatchObject({ gap: 60_000, outOfOrderness: 7_000, arrivalGrace: 9_000 });
    expect(settings.http.port).toBe(0);
    expect(sources.get('visit.max_age')).toBe('default');
    expect(sources.get('visit.gap')).toBe('file');
    expect(where.get('visit.gap')).toBe(`${config}:2`);
    expect(sources.get('visit.out_of_orderness')).toBe('environment');
    expect(sources.get('visit.arrival_grace')).toBe('flag');
  });

  test('the file is tidemark.yaml in the working directory, or the one that TIDEMARK_CONFIG or --config names', () => {
    const directory = mkdtempSync(join(cwd, 'd-'));
    writeFileSync(join(directory, 'tidemark.yaml'), 'visit.gap: 1m');
    writeFileSync(join(directory, 'b.yaml'), 'visit.gap: 2m');
    writeFileSync(join(directory, 'c.yaml'), 'visit.gap: 3m');
    const gap = (options: LoadOptions) => loadSettings({ cwd: directory, ...options }).settings.visit.gap;
    expect(gap({})).toBe(60_000);
    expect(gap({ env: { TIDEMARK_CONFIG: 'b.yaml' } })).toBe(120_000);
    expect(gap({ env: { TIDEMARK_CONFIG: 'b.yaml' }, flags: { config: 'c.yaml' } })).toBe(180_000);
  });

  test('a file reads typed values, lists, dotted keys, empty sections and keys without a value', () => {
    const config = file(
      'kafka:\n  brokers: [a:1, b:2]\n  tls: true\ninput.start: 2026-01-31T00:00:00Z\nhttp:\n  port: 0\n  token:\nvisit:\n',
    );
    const { settings } = load({ flags: { config } });
    expect(settings.kafka).toMatchObject({ brokers: ['a:1', 'b:2'], tls: true });
    expect(settings.input.start).toBe(Date.UTC(2026, 0, 31));
    expect(settings.http).toMatchObject({ port: 0, token: null });
  });

  test.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5h', 5_400_000],
    ['0.1s', 100],
    ['24h', 86_400_000],
    ['30d', 2_592_000_000],
  ])('a duration %s is %d ms', (text, ms) => {
    expect(load({ env: { TIDEMARK_VISIT_GAP: text, TIDEMARK_VISIT_MAX_AGE: '60d' } }).settings.visit.gap).toBe(ms);
  });

  test.each([
    ['64KB', 65_536],
    ['8MB', 8_388_608],
    ['1.5mb', 1_572_864],
  ])('bytes %s are %d', (text, bytes) => {
    expect(load({ env: { TIDEMARK_COMMIT_MAX_BYTES: text } }).settings.commit.maxBytes).toBe(bytes);
  });

  test('a list is text with commas, or JSON where an item holds one', () => {
    const types = (text: string) => load({ env: { TIDEMARK_VISIT_ENDING_TYPES: text } }).settings.visit.endingTypes;
    expect(types('bye, sign-out')).toEqual(['bye', 'sign-out']);
    expect(types('["a,b"]')).toEqual(['a,b']);
    expect(types('[]')).toEqual([]);
  });

  test('words are taken in capitals too, as Kafka writes them', () => {
    const env = {
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_SASL_USERNAME: 'u',
      KAFKA_SASL_PASSWORD: 'p',
      KAFKA_TLS: 'TRUE',
    };
    expect(load({ env }).settings.kafka).toMatchObject({ tls: true, sasl: { mechanism: 'scram-sha-512' } });
  });

  test('an empty variable is not set', () => {
    expect(load({ env: { TIDEMARK_VISIT_GAP: '', KAFKA_SASL_USERNAME: '' } }).settings.visit.gap).toBe(1_800_000);
  });

  test("variables that Kubernetes makes for a service named tidemark, and the reserved ones, aren't taken for settings", () => {
    const env = {
      TIDEMARK_SERVICE_HOST: '10.0.0.1',
      TIDEMARK_SERVICE_PORT: '9464',
      TIDEMARK_PORT: 'tcp://10.0.0.1:9464',
      TIDEMARK_PORT_9464_TCP_ADDR: '10.0.0.1',
      TIDEMARK_STACK: 'required',
      TIDEMARK_FAILPOINT: 'x',
      TIDEMARK_KAFKA_JARS: '/jars',
    };
    expect(problems({ env })).toEqual([]);
  });

  test('visits are ended ahead of the log by the clock only if the broker stamps records or the margin is set', () => {
    const anticipates = (env: NodeJS.ProcessEnv) => load({ env }).settings.visit.anticipates;
    expect(anticipates({})).toBe(true);
    expect(anticipates({ TIDEMARK_INPUT_TIMESTAMPS: 'create' })).toBe(false);
    expect(anticipates({ TIDEMARK_INPUT_TIMESTAMPS: 'create', TIDEMARK_VISIT_CLOCK_MARGIN: '5s' })).toBe(true);
  });

  test('a secret may stand in a file', () => {
    const name = file('s3cret-token\n', 'token');
    const { settings, where } = load({ env: { TIDEMARK_HTTP_TOKEN_FILE: name } });
    expect(settings.http).toMatchObject({ token: 's3cret-token', tokenFile: join(cwd, name) });
    expect(where.get('http.token')).toBe('TIDEMARK_HTTP_TOKEN_FILE');
  });

  test('of a secret and a file that holds it the later source wins', () => {
    const config = file(`http.token_file: ${file('from-file')}\n`);
    expect(load({ flags: { config } }).settings.http.token).toBe('from-file');
    const { settings } = load({ flags: { config }, env: { TIDEMARK_HTTP_TOKEN: 'from-variable' } });
    expect(settings.http).toMatchObject({ token: 'from-variable', tokenFile: null });
    const flags = { config: file('http.token: given\n'), set: [`http.token_file=${file('from-flag')}`] };
    expect(load({ flags }).settings.http.token).toBe('from-flag');
  });

  test.each([
    [
      'user and password',
      { KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' },
    ],
    ['a token', { KAFKA_SASL_MECHANISM: 'oauthbearer', KAFKA_SASL_TOKEN: 't', KAFKA_SASL_EXTENSIONS: 'a=b' }],
    ['a token endpoint', { ...ENDPOINT, KAFKA_SASL_SCOPE: 's t', KAFKA_SASL_TOKEN_PARAMETERS: 'audience=a,b=c' }],
    ['IAM', { KAFKA_SASL_MECHANISM: 'aws-msk-iam', KAFKA_SASL_AWS_REGION: 'eu-west-1' }],
  ])('a login may be by %s', (_, variables) => {
    expect(problems({ env: { KAFKA_TLS: '1', ...variables } })).toEqual([]);
  });

  test('a login that anybody on the way can read is warned of', () => {
    const plain = { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' };
    expect(load({ env: plain }).warnings).toEqual([expect.stringMatching(/plain without kafka\.tls: the password/)]);
    const open = { ...ENDPOINT, KAFKA_TLS: '1', KAFKA_SASL_TOKEN_URL: 'http://login.example/token' };
    expect(load({ env: open }).warnings).toEqual([expect.stringMatching(/no https address: .*client_secret/)]);
    expect(load({ env: { ...ENDPOINT, KAFKA_TLS: '1' } }).warnings).toEqual([]);
  });

  test('listening beyond this machine without a token is warned of', () => {
    expect(load({ env: { TIDEMARK_HTTP_HOST: '0.0.0.0' } }).warnings).toHaveLength(1);
    expect(load({ env: { TIDEMARK_HTTP_HOST: '0.0.0.0', TIDEMARK_HTTP_TOKEN: 'long-enough' } }).warnings).toEqual([]);
  });
});

describe('refused settings', () => {
  const env = (variables: NodeJS.ProcessEnv): LoadOptions => ({ env: variables });
  const yaml = (content: string) => (): LoadOptions => ({ flags: { config: file(content) } });
  const refusals: [what: string, options: LoadOptions | (() => LoadOptions), message: RegExp][] = [
    [
      'an unknown key in the file',
      yaml('visit:\n  gapp: 1m'),
      /:2: visit\.gapp is no setting; did you mean visit\.gap\?/,
    ],
    ['an unknown section', yaml('vist:\n  gap: 1m'), /vist is no setting/],
    ['a key twice, once with dots', yaml('visit.gap: 1m\nvisit: { gap: 2m }'), /visit\.gap stands here twice/],
    ['a file that is no YAML', yaml('a: [1'), /Flow sequence/],
    ['a file that holds a list', yaml('- a'), /must hold keys and values/],
    ['a named file that is not there', { flags: { config: 'none.yaml' } }, /none\.yaml cannot be read/],
    ['a number without a unit', yaml('visit.gap: 30'), /visit\.gap .*30 must be a number and a unit/],
    ['an unknown variable', env({ TIDEMARK_VIST_GAP: '1m' }), /did you mean TIDEMARK_VISIT_GAP\?/],
    ['a setting under the wrong variable', env({ TIDEMARK_KAFKA_BROKERS: 'a:1' }), /did you mean KAFKA_BROKERS\?/],
    ['an unknown flag', { flags: { set: ['visit.gab=1m'] } }, /did you mean visit\.gap\?/],
    ['--set without a value', { flags: { set: ['visit.gap'] } }, /--set key=value/],
    ['a gap of nothing', env({ TIDEMARK_VISIT_GAP: '0s' }), /from 1ms to 30d/],
    ['a fraction of a millisecond', env({ TIDEMARK_VISIT_GAP: '1.5ms' }), /whole number of milliseconds/],
    ['a broker without a port', env({ KAFKA_BROKERS: 'a' }), /host:port/],
    ['no broker', env({ KAFKA_BROKERS: '[]' }), /must not be empty/],
    ['an unknown format', env({ TIDEMARK_INPUT_FORMAT: 'xml' }), /"xml" must be avro, json or tracardi/],
    ['a start that is no time', env({ TIDEMARK_INPUT_START: 'noon' }), /earliest, latest or a time/],
    ['a port past the last', env({ TIDEMARK_HTTP_PORT: '65536' }), /from 0 to 65535/],
    ['a database of another kind', env({ DATABASE_URL: 'mysql://a/b' }), /postgres:\/\//],
    ['a schema that has to be quoted', env({ TIDEMARK_DATABASE_SCHEMA: 'Tide-Mark' }), /a-z, 0-9/],
    ['a topic with a space', env({ TIDEMARK_INPUT_TOPIC: 'a b' }), /topic name/],
    ['an event type of 65 bytes', env({ TIDEMARK_VISIT_ENDING_TYPES: 'é'.repeat(33) }), /1 to 64 bytes/],
    [
      'a horizon within the lateness',
      env({ TIDEMARK_VISIT_MAX_AGE: '24h' }),
      /at least visit\.allowed_lateness \+ visit\.gap/,
    ],
    ['one topic for two things', env({ TIDEMARK_OUTPUT_TOPIC: 'tracks' }), /same topic, tracks/],
    ['a certificate without its key', env({ KAFKA_TLS: '1', KAFKA_TLS_CERT: 'a.pem' }), /belong together/],
    ['an authority without TLS', env({ KAFKA_TLS_CA: 'a.pem' }), /kafka\.tls is not/],
    [
      'a user without a mechanism',
      env({ KAFKA_SASL_USERNAME: 'u' }),
      /sasl\.mechanism and kafka\.sasl\.username belong/,
    ],
    [
      'a user without a password',
      env({ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'u' }),
      /plain needs kafka\.sasl\.username and kafka\.sasl\.password: set is kafka\.sasl\.username$/,
    ],
    [
      'a login by token without one',
      env({ KAFKA_SASL_MECHANISM: 'OAUTHBEARER' }),
      /needs kafka\.sasl\.token_url, .*client_secret, and may have .*; or else kafka\.sasl\.token, .*: none of them is$/,
    ],
    [
      'a token beside the endpoint that gives one',
      env({ ...ENDPOINT, KAFKA_SASL_TOKEN: 't' }),
      /oauthbearer needs .*: set are .*kafka\.sasl\.token$/,
    ],
    [
      'a password beside a token',
      env({ KAFKA_SASL_MECHANISM: 'oauthbearer', KAFKA_SASL_TOKEN: 't', KAFKA_SASL_PASSWORD: 'p' }),
      /set are kafka\.sasl\.password and kafka\.sasl\.token$/,
    ],
    ['IAM without a region', env({ KAFKA_SASL_MECHANISM: 'aws-msk-iam' }), /aws-msk-iam needs kafka\.sasl\.aws_region/],
    ['a parameter without a name', env({ ...ENDPOINT, KAFKA_SASL_TOKEN_PARAMETERS: '=x' }), /must be name=value/],
    ['a passphrase without a key', env({ KAFKA_TLS: '1', KAFKA_TLS_KEY_PASSPHRASE: 'p' }), /kafka\.tls_key is not/],
    [
      'an authority that is none',
      () => env({ KAFKA_TLS: '1', KAFKA_TLS_CA: file('PKCS12') }),
      /^kafka\.tls_ca: \/.* holds no certificate in PEM form/,
    ],
    [
      'an authority that is not there',
      env({ KAFKA_TLS: '1', KAFKA_TLS_CA: 'none.pem' }),
      /^kafka\.tls_ca: \/.*none\.pem cannot be read: ENOENT/,
    ],
    [
      "a token endpoint's authority that is none",
      () => env({ ...ENDPOINT, KAFKA_SASL_TOKEN_CA: file('') }),
      /^kafka\.sasl\.token_ca: \/.* holds no certificate in PEM form: it is empty/,
    ],
    ['a secret twice', env({ TIDEMARK_HTTP_TOKEN: 'long-enough', TIDEMARK_HTTP_TOKEN_FILE: 'x' }), /both set/],
    [
      'a secret in a file that is not there',
      env({ TIDEMARK_HTTP_TOKEN_FILE: 'x' }),
      /http\.token_file \(TIDEMARK_HTTP_TOKEN_FILE\): the file \/.*x cannot be read/,
    ],
    [
      'a secret in a file that is empty',
      () => env({ TIDEMARK_HTTP_TOKEN_FILE: file('\n') }),
      /http\.token_file .* is empty$/,
    ],
    [
      'a secret in a file that may not be one',
      () => env({ TIDEMARK_HTTP_TOKEN_FILE: file('two words') }),
      /^http\.token \(TIDEMARK_HTTP_TOKEN_FILE\): must be visible ASCII/,
    ],
  ];
  test.each(refusals)('%s', (_, options, message) => {
    const found = problems(typeof options === 'function' ? options() : options);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  });

  test('all that is wrong is reported at once, and a mistake does not hide behind another source', () => {
    const found = problems({
      env: { TIDEMARK_VISIT_GAP: 'x', KAFKA_TLS: 'maybe' },
      flags: { set: ['visit.gap=20m', 'http.port=x'] },
    });
    expect(found.map((problem) => problem.split(' ')[0])).toEqual(['kafka.tls', 'visit.gap', 'http.port']);
  });

  test('a secret that is refused is not in the message', () => {
    const found = problems({ env: { TIDEMARK_HTTP_TOKEN: 'too short', DATABASE_URL: 'nonsense:hunter2@' } });
    expect(found).toHaveLength(2);
    expect(found.join()).not.toMatch(/short|hunter2/);
  });
});
