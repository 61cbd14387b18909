import pg from 'pg';
import type { SessionAttrs } from '../settings/postgres-url.ts';
import { Binding } from './binding.ts';
import { grantOnDatabase } from './grants.ts';
import { MissingRoleRights } from './rights.ts';
import { endIfSilent } from './silence.ts';
import { type DatabaseAddress, type Target, targetOf } from './target.ts';
import { mayGoOn, type Ssl, waysOf } from './tls.ts';

/** Postgres cannot be had now, for the reason given; what was asked may be tried again later. */
export class DatabaseUnreachable extends Error {
  override readonly name = 'DatabaseUnreachable';
}

export interface OpenOptions {
  /** The connection's name in pg_stat_activity. */
  readonly name: string;
  /** Another database than the address names. */
  readonly database?: string;
  /** ms that a query waits for its answer. */
  readonly queryTimeout?: number;
  /** ms after which a connection is given up on which nothing moves while something is asked; null: none. */
  readonly silence?: number | null;
}

type Host = Target['hosts'][number];

/** By address: the host that took writes last, which is asked first. The one before it may not even answer any more. */
const writable = new Map<string, Host>();

/**
 * A connection to the first host that answers and is of the kind that `target_session_attrs` asks for. All connections
 * to Postgres are made here.
 * @throws DatabaseUnreachable; MissingRoleRights; UnusableFile or another error where the address, or a file it names, is of no use
 */
export async function open(address: DatabaseAddress, options: OpenOptions): Promise<pg.Client> {
  const target = { ...targetOf(address), ...(options.database === undefined ? {} : { database: options.database }) };
  const ways = waysOf(target);
  const hosts = inTurn(target, writable.get(address.url));
  const failures: { host: Host; error: Error }[] = [];
  for (const wanted of target.attrs === 'prefer-standby' ? (['standby', 'any'] as const) : [target.attrs]) {
    for (const host of hosts) {
      try {
        const client = await openHost(target, host, ways, options);
        const unfit = await whyUnfit(client, wanted);
        if (unfit === null) {
          if (wanted === 'read-write' || wanted === 'primary') writable.set(address.url, host);
          return client;
        }
        await client.end();
        failures.push({ host, error: new Error(unfit) });
      } catch (error) {
        failures.push({ host, error: error as Error });
        if (isFinal(error)) break;
      }
    }
  }
  throw refusal(target, failures) ?? unreachable(target, failures);
}

/** The hosts in the order in which they are asked. */
function inTurn({ hosts, parameter }: Target, last: Host | undefined): readonly Host[] {
  const order = hosts.slice();
  if (parameter('load_balance_hosts') === 'random') {
    for (let i = order.length - 1; i > 0; i -= 1) {
      const other = Math.floor(Math.random() * (i + 1));
      [order[i], order[other]] = [order[other]!, order[i]!];
    }
  }
  const isLast = ({ name, port }: Host) => name === last?.name && port === last.port;
  return [...order.filter(isLast), ...order.filter((host) => !isLast(host))];
}

async function openHost(target: Target, host: Host, ways: readonly Ssl[], options: OpenOptions): Promise<pg.Client> {
  // A socket of this machine is never spoken to through TLS.
  const possible = host.name.startsWith('/') ? [false as const] : ways;
  for (const [i, ssl] of possible.entries()) {
    const binding = new Binding(target.parameter('channel_binding'));
    const client = new pg.Client(configOf(target, host, ssl, options, binding));
    // An error between two queries is seen by the next one; without a listener it would end the process.
    client.on('error', () => {});
    binding.watch(client);
    try {
      await client.connect();
      binding.assert();
      if (options.silence) endIfSilent(client, options.silence);
      return client;
    } catch (error) {
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      if (i === possible.length - 1 || !mayGoOn(error)) throw error;
    }
  }
  throw new Error('there is no way to speak to Postgres');
}

function configOf(
  target: Target,
  { name, port }: Host,
  ssl: Ssl,
  options: OpenOptions,
  binding: Binding,
): pg.ClientConfig {
  const { parameter } = target;
  const negotiation = parameter('sslnegotiation');
  const [application, serverOptions] = [parameter('application_name'), parameter('options')];
  return {
    host: name,
    port,
    user: target.user,
    database: target.database,
    // Asked for only where the server wants one, and then anew for each connection.
    password: () => {
      binding.assert();
      const password = target.password(name, port);
      if (password === null) throw new Error('it asks for a password, and none is set: set database.password');
      return password;
    },
    ssl: ssl === false ? false : { ...ssl },
    ...(ssl !== false && negotiation !== null ? { sslnegotiation: negotiation } : {}),
    ...(application === null ? {} : { application_name: application }),
    ...(serverOptions === null ? {} : { options: serverOptions }),
    ...(options.queryTimeout === undefined ? {} : { query_timeout: options.queryTimeout }),
    enableChannelBinding: ssl !== false && binding.isWanted,
    fallback_application_name: options.name,
    connectionTimeoutMillis: target.timeout,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  } as pg.ClientConfig;
}

/** Why the server is not of the kind that is wanted; null: it is. */
async function whyUnfit(client: pg.Client, wanted: SessionAttrs): Promise<string | null> {
  if (wanted === 'any') return null;
  const { rows } = await client.query<{ standby: boolean; reads: boolean }>(
    `SELECT pg_is_in_recovery() AS standby, current_setting('default_transaction_read_only')::boolean AS reads`,
  );
  const { standby, reads } = rows[0]!;
  const isReadOnly = standby || reads;
  if (wanted === 'read-write' && isReadOnly) return standby ? 'it is a standby' : 'its transactions are read-only';
  if (wanted === 'read-only' && !isReadOnly) return 'it takes writes, and target_session_attrs is read-only';
  if (wanted === 'primary' && standby) return 'it is a standby';
  if (wanted === 'standby' && !standby) return 'it is no standby, and target_session_attrs is standby';
  return null;
}

/** A server that knows us and says no; as with libpq the others are not asked then. */
function isFinal(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code !== undefined && (/^28/.test(code) || code === NO_DATABASE || code === NOT_ALLOWED);
}

export const NO_DATABASE = '3D000';
const NOT_ALLOWED = '42501';

/** Nothing that comes by waiting. */
function refusal({ user, database }: Target, failures: readonly { error: Error }[]): MissingRoleRights | null {
  const { error } = failures.at(-1)!;
  if ((error as { code?: string }).code !== NOT_ALLOWED) return null;
  const sql = grantOnDatabase('CONNECT', database, user);
  return new MissingRoleRights(`${error.message}: the owner of the database lets it, with\n  ${sql};`, {
    cause: error,
  });
}

function unreachable(target: Target, failures: readonly { host: Host; error: Error }[]): DatabaseUnreachable {
  const last = failures.at(-1)!;
  const final = isFinal(last.error) ? [last] : failures;
  const at = ({ name, port }: Host) => `${name}:${port}`;
  if (final.length === 1) {
    const where = `Postgres (${target.user} at ${at(last.host)}, database ${target.database})`;
    return new DatabaseUnreachable(`${where} cannot be reached: ${reasonOf(last.error)}`, {
      cause: last.error,
    });
  }
  const each = failures.map(({ host, error }) => `${at(host)}: ${reasonOf(error)}`).join('; ');
  const where = `Postgres (${target.user}, database ${target.database})`;
  const cause = new AggregateError(failures.map(({ error }) => error));
  return new DatabaseUnreachable(`${where} cannot be reached at any of its hosts: ${each}`, { cause });
}

/** A refused `localhost` is an AggregateError without a message. */
function reasonOf(error: Error): string {
  const { message, code, errors } = error as Error & { code?: string; errors?: Error[] };
  const why = message || errors?.map((one) => one.message).join(', ') || code || String(error);
  if (code === NO_DATABASE) return `${why}. Run tidemark setup, which makes it, or set database.url`;
  if (code === '28000' && /pg_hba/.test(why))
    return `${why}. Correct sslmode in database.url, or pg_hba.conf of the server`;
  if (code?.startsWith('28')) return `${why}. Check user and password in database.url, or database.password`;
  if (code === '53300') return `${why}. Raise max_connections: each partition takes a connection of its own`;
  if (/does not support SSL/.test(why)) return `${why}. Turn ssl on there, or correct sslmode in database.url`;
  if (code !== undefined && /^(SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|CERT_)/.test(code)) {
    return `${why}. Name the authority that signed its certificate: sslrootcert in database.url`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `${why}. Use the name in its certificate as the host in database.url`;
  return why;
}
