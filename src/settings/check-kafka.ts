import { readTls } from '../files/tls.ts';
import type { Settings } from './settings.ts';

type Kafka = Settings['kafka'];
type Sasl = Kafka['sasl'];

/** Settings of the connection to the brokers that exclude each other. TLS files are read, so that a start reports a bad one. */
export function checkKafka({ tls, sasl, ...kafka }: Kafka): string[] {
  const problems: string[] = [];
  for (const [key, value] of [
    ['kafka.tls_ca', kafka.tlsCa],
    ['kafka.tls_cert', kafka.tlsCert],
    ['kafka.tls_key', kafka.tlsKey],
    ['kafka.tls_key_passphrase', kafka.tlsKeyPassphrase],
  ] as const) {
    if (value !== null && !tls) problems.push(`${key} is set, but kafka.tls is not: set it to true`);
  }
  if ((kafka.tlsCert === null) !== (kafka.tlsKey === null)) {
    problems.push('kafka.tls_cert and kafka.tls_key belong together: set both, or neither');
  }
  if (kafka.tlsKeyPassphrase !== null && kafka.tlsKey === null) {
    problems.push('kafka.tls_key_passphrase is set, but kafka.tls_key is not: set it');
  }
  problems.push(...checkLogin(sasl));
  // The URL is printed, and named in errors.
  if (sasl.tokenUrl !== null && new URL(sasl.tokenUrl).username !== '') {
    problems.push('kafka.sasl.token_url holds a user: give it as kafka.sasl.client_id and kafka.sasl.client_secret');
  }
  if (problems.length > 0) return problems;
  const named = (setting: string, path: string | null) => (path === null ? null : { setting, path });
  const passphrase = kafka.tlsKeyPassphrase;
  return problemsOf(() => {
    readTls({
      ca: named('kafka.tls_ca', kafka.tlsCa),
      cert: named('kafka.tls_cert', kafka.tlsCert),
      key: named('kafka.tls_key', kafka.tlsKey),
      passphrase: passphrase === null ? null : { setting: 'kafka.tls_key_passphrase', value: passphrase },
    });
    readTls({ ca: named('kafka.sasl.token_ca', sasl.tokenCa) });
  });
}

/** The settings that each kind of login needs, and those that it may have. */
const LOGINS: readonly { readonly of: readonly Sasl['mechanism'][]; readonly needs: Key[]; readonly may?: Key[] }[] = [
  { of: ['plain', 'scram-sha-256', 'scram-sha-512'], needs: ['username', 'password'] },
  {
    of: ['oauthbearer'],
    needs: ['token_url', 'client_id', 'client_secret'],
    may: ['scope', 'token_ca', 'token_parameters', 'extensions'],
  },
  { of: ['oauthbearer'], needs: ['token'], may: ['extensions'] },
  { of: ['aws-msk-iam'], needs: ['aws_region'] },
];

type Key = keyof ReturnType<typeof givenIn>;

function givenIn(sasl: Sasl) {
  return {
    username: sasl.username !== null,
    password: sasl.password !== null,
    token_url: sasl.tokenUrl !== null,
    token_ca: sasl.tokenCa !== null,
    client_id: sasl.clientId !== null,
    client_secret: sasl.clientSecret !== null,
    scope: sasl.scope !== null,
    token_parameters: sasl.tokenParameters.length > 0,
    token: sasl.token !== null,
    extensions: sasl.extensions.length > 0,
    aws_region: sasl.awsRegion !== null,
  };
}

function checkLogin(sasl: Sasl): string[] {
  const { mechanism } = sasl;
  const given = Object.entries(givenIn(sasl)).flatMap(([key, is]) => (is ? [key as Key] : []));
  if (mechanism === null) {
    if (given.length === 0) return [];
    return [`kafka.sasl.mechanism and ${listed(given)} belong together: set the mechanism, or none of them`];
  }
  const ways = LOGINS.filter(({ of }) => of.includes(mechanism));
  const fits = ways.some(
    ({ needs, may = [] }) =>
      needs.every((key) => given.includes(key)) && given.every((key) => needs.includes(key) || may.includes(key)),
  );
  if (fits) return [];
  const wanted = ways.map(({ needs, may = [] }) => {
    return listed(needs) + (may.length === 0 ? '' : `, and may have ${listed(may)}`);
  });
  const has = given.length === 0 ? 'none of them is' : `set ${given.length === 1 ? 'is' : 'are'} ${listed(given)}`;
  return [`kafka.sasl.mechanism ${mechanism} needs ${wanted.join('; or else ')}: ${has}`];
}

function listed(keys: readonly Key[]): string {
  const names = keys.map((key) => `kafka.sasl.${key}`);
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function problemsOf(check: () => void): string[] {
  try {
    check();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}
