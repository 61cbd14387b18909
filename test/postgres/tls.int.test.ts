import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectPlain, createPool, DatabaseUnreachable } from '../../src/postgres/connect.ts';
import { certificates } from '../support/certificates.ts';
import { type TestServer, TestServers } from '../support/postgres-server.ts';

const made = certificates();
const servers = new TestServers();
/** Takes TLS alone. */
let secure: TestServer;
/** Has no TLS. */
let plain: TestServer;

beforeAll(async () => {
  secure = await servers.start(await made.authority.issue({ name: 'localhost' }), {
    listen_addresses: '127.0.0.1,127.0.0.2',
  });
  plain = await servers.start();
});
afterAll(() => servers.stop());

/** Whether the connection is encrypted, as the server knows it. */
async function encrypted(server: TestServer, query: string, host = '127.0.0.1'): Promise<boolean> {
  const url = `${server.url.replace('127.0.0.1', host)}?${query}`;
  const client = await connectPlain({ url }, 'a test');
  try {
    const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    return (rows[0] as { ssl: boolean }).ssl;
  } finally {
    await client.end();
  }
}

const ca = () => `sslrootcert=${made.authority.file}`;
const otherCa = () => `sslrootcert=${made.stranger.file}`;

describe('a server with TLS', () => {
  test.each<[string, () => string]>([
    ['prefer, unless another is given', () => ''],
    ['allow, which goes on with TLS where the server asks for it', () => 'sslmode=allow'],
    ['prefer', () => 'sslmode=prefer'],
    ['require, whoever signed the certificate', () => 'sslmode=require'],
    ['require, by the authority that is named', () => `sslmode=require&${ca()}`],
    ['verify-ca', () => `sslmode=verify-ca&${ca()}`],
    ['verify-full', () => `sslmode=verify-full&${ca()}`],
    ['verify-full without the question first', () => `sslmode=verify-full&${ca()}&sslnegotiation=direct`],
    ['TLS 1.3', () => 'sslmode=require&ssl_min_protocol_version=TLSv1.3'],
    ['a login bound to the connection', () => 'sslmode=require&channel_binding=require'],
  ])('is spoken to with TLS: %s', async (_, query) => {
    expect(await encrypted(secure, query())).toBe(true);
  });

  test.each<[string, () => string, RegExp]>([
    ['without TLS', () => 'sslmode=disable', /no encryption.*Correct sslmode/],
    ['with another authority, though require asks for none', () => `sslmode=require&${otherCa()}`, /sslrootcert/],
    ['with another authority', () => `sslmode=verify-ca&${otherCa()}`, /sslrootcert/],
    ['with the authorities of Node.js', () => 'sslmode=verify-full', /sslrootcert/],
    ['with those of the system', () => 'sslrootcert=system', /sslrootcert/],
  ])('is not spoken to %s', async (_, query, message) => {
    const refused = encrypted(secure, query());
    await expect(refused).rejects.toThrow(DatabaseUnreachable);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.not.toThrow('secret');
  });

  test('under a name that its certificate does not have it is spoken to by verify-ca, and not by verify-full', async () => {
    expect(await encrypted(secure, `sslmode=verify-ca&${ca()}`, '127.0.0.2')).toBe(true);
    const refused = encrypted(secure, `sslmode=verify-full&${ca()}`, '127.0.0.2');
    await expect(refused).rejects.toThrow(/name in its certificate as the host/);
  });

  test('a client’s certificate is its login', async () => {
    const { cert, key } = await made.authority.issue({ name: 'tidemark', passphrase: 'open' });
    const hba = String((await secure.sql('SHOW hba_file'))[0]!.hba_file);
    const before = readFileSync(hba, 'utf8');
    await secure.sql(`ALTER SYSTEM SET ssl_ca_file TO '${made.authority.file}'`);
    try {
      writeFileSync(hba, 'hostssl all all 127.0.0.1/32 cert\n');
      await secure.restart();
      const query = `sslmode=require&sslcert=${cert}&sslkey=${key}`;
      expect(await encrypted(secure, `${query}&sslpassword=open`)).toBe(true);
      await expect(encrypted(secure, 'sslmode=require')).rejects.toThrow(/requires a valid client certificate/);
      await expect(encrypted(secure, query)).rejects.toThrow(/it is encrypted, and no passphrase is set/);
      await expect(encrypted(secure, `${query}&sslpassword=no`)).rejects.toThrow(/sslpassword.*does not open it/);
    } finally {
      writeFileSync(hba, before);
      await secure.restart();
    }
  });
});

describe('a server without TLS', () => {
  test.each(['', 'sslmode=allow', 'sslmode=prefer', 'sslmode=disable'])('%s is spoken to as it is', async (query) => {
    expect(await encrypted(plain, query)).toBe(false);
  });

  test.each<[string, RegExp]>([
    ['sslmode=require', /does not support SSL.*Turn ssl on there, or correct sslmode/],
    ['sslrootcert=system', /does not support SSL/],
    ['channel_binding=require', /offers no channel binding/],
  ])('%s is refused', async (query, message) => {
    await expect(encrypted(plain, query)).rejects.toThrow(message);
  });
});

describe('the password', () => {
  test('that is changed, in the server and in its file, is used by the next connection', async () => {
    await plain.sql(`CREATE ROLE rotating LOGIN PASSWORD 'first'`);
    const passwordFile = join(made.directory, 'password');
    writeFileSync(passwordFile, 'first\n');
    const url = plain.url.replace('tidemark:secret', 'rotating');
    const pool = createPool({ url, passwordFile, schema: 'public' }, 1);
    const whoAmI = async () => (await pool.query('SELECT current_user AS me')).rows;
    expect(await whoAmI()).toEqual([{ me: 'rotating' }]);
    await plain.sql(`ALTER ROLE rotating PASSWORD 'second'`);
    // A connection that stands stays; a new one is made once it is gone.
    expect(await whoAmI()).toEqual([{ me: 'rotating' }]);
    await plain.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rotating'`);
    await expect(connectPlain({ url, passwordFile })).rejects.toThrow(
      /password authentication failed.*database\.password/,
    );
    writeFileSync(passwordFile, 'second\n');
    await (await connectPlain({ url, passwordFile })).end();
    expect(await whoAmI()).toEqual([{ me: 'rotating' }]);
    await pool.end();
  });

  test('that is missing is asked for by the name of its setting', async () => {
    const url = plain.url.replace(':secret', '');
    await expect(connectPlain({ url })).rejects.toThrow(/asks for a password, and none is set: set database\.password/);
    await expect(connectPlain({ url, passwordFile: '/there/is/none' })).rejects.toThrow(
      /database\.password_file: the file \/there\/is\/none cannot be read/,
    );
  });
});
