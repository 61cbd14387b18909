import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readSecret } from '../secrets/secret.ts';
import {
  type Parameter,
  type PostgresUrl,
  parsePostgresUrl,
  type SessionAttrs,
  type SslMode,
} from '../settings/postgres-url.ts';

export interface DatabaseAddress {
  /** `postgres://user:password@host:port,host:port/database`, with libpq's parameters. */
  readonly url: string;
  /** Goes before the one in the URL. */
  readonly password?: string | null | undefined;
  /** The file that holds it, which is read again for each connection. */
  readonly passwordFile?: string | null | undefined;
}

/** What a connection is made to and how, with all that the URL leaves out filled in. */
export interface Target {
  readonly hosts: PostgresUrl['hosts'];
  readonly user: string;
  readonly database: string;
  /** Of a host: they may differ where they come from a password file. Asked for each connection. */
  readonly password: (host: string, port: number) => string | null;
  readonly sslMode: SslMode;
  readonly attrs: SessionAttrs;
  /** ms for one host. */
  readonly timeout: number;
  readonly parameter: (name: Parameter) => string | null;
}

/** ms; libpq would wait for as long as the system does. */
const TIMEOUT = 5_000;

/** Those of libpq's variables that psql would take as well. */
const VARIABLES: Readonly<Partial<Record<Parameter, string>>> = {
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslnegotiation: 'PGSSLNEGOTIATION',
  channel_binding: 'PGCHANNELBINDING',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
  passfile: 'PGPASSFILE',
};

/** @throws PostgresUrlError, or another error where parameters contradict each other */
export function targetOf(address: DatabaseAddress, env: NodeJS.ProcessEnv = process.env): Target {
  const url = parsePostgresUrl(address.url);
  const parameter = (name: Parameter) => url.parameters[name] ?? env[VARIABLES[name] ?? ''] ?? null;
  const hosts = url.hosts.map(({ name, port }) => ({ name: name || env.PGHOST || 'localhost', port }));
  const user = url.user ?? env.PGUSER ?? env.USER ?? 'postgres';
  const database = url.database ?? env.PGDATABASE ?? user;
  const seconds = Number(parameter('connect_timeout') ?? 0);
  return {
    hosts,
    user,
    database,
    password: (host, port) =>
      readSecret({
        setting: 'database.password',
        value: address.password || null,
        file: address.passwordFile || null,
      }) ??
      url.password ??
      env.PGPASSWORD ??
      passwordIn(parameter('passfile'), [host, port, database, user]),
    sslMode: sslModeOf(parameter('sslmode'), parameter('sslrootcert')),
    // Writes go to one of several hosts; a single one that refuses writes is reported where it is found.
    attrs: (parameter('target_session_attrs') as SessionAttrs | null) ?? (hosts.length > 1 ? 'read-write' : 'any'),
    timeout: seconds === 0 ? TIMEOUT : seconds * 1_000,
    parameter,
  };
}

function sslModeOf(given: string | null, rootCert: string | null): SslMode {
  if (rootCert !== 'system') return (given as SslMode | null) ?? 'prefer';
  if (given !== null && given !== 'verify-full') {
    throw new Error(`database.url: sslrootcert=system goes with sslmode=verify-full alone, not with ${given}`);
  }
  return 'verify-full';
}

const FIELD = String.raw`((?:\\.|[^:\\])*)`;
const LINE = new RegExp(`^${FIELD}:${FIELD}:${FIELD}:${FIELD}:(.*)$`);
const plain = (field: string) => field.replace(/\\(.)/g, '$1');

/** The first line of a password file that fits: `host:port:database:user:password`, `*` for any. */
function passwordIn(file: string | null, wanted: readonly (string | number)[]): string | null {
  let text: string;
  try {
    text = readFileSync(file ?? join(homedir(), '.pgpass'), 'utf8');
  } catch (error) {
    // The default file may be missing.
    if (file === null) return null;
    throw new Error(`database.url: passfile ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  for (const line of text.split(/\r?\n/)) {
    const fields = line.startsWith('#') ? null : LINE.exec(line)?.slice(1).map(plain);
    if (fields && wanted.every((value, i) => fields[i] === '*' || fields[i] === `${value}`)) return fields[4]!;
  }
  return null;
}
