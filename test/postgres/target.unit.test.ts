import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { targetOf } from '../../src/postgres/target.ts';
import { waysOf } from '../../src/postgres/tls.ts';

const directory = mkdtempSync(join(tmpdir(), 'target-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = (name: string, content: string) => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};
const NOWHERE = { HOME: directory };

describe('what a connection is made to', () => {
  test('of several hosts one that takes writes is looked for, of one nothing is asked', () => {
    const attrs = (url: string) => targetOf({ url }, NOWHERE).attrs;
    expect(attrs('postgres://a/d')).toBe('any');
    expect(attrs('postgres://a,b/d')).toBe('read-write');
    expect(attrs('postgres://a,b/d?target_session_attrs=any')).toBe('any');
    expect(attrs('postgres://a/d?target_session_attrs=primary')).toBe('primary');
  });

  test('what the address leaves out comes from libpq’s variables', () => {
    const env = { PGUSER: 'pu', PGDATABASE: 'pd', PGPASSWORD: 'pp', PGSSLMODE: 'require' };
    const target = targetOf({ url: 'postgres://h' }, env);
    expect(target).toMatchObject({ user: 'pu', database: 'pd', sslMode: 'require' });
    expect(target.password('h', 5432)).toBe('pp');
    const given = targetOf({ url: 'postgres://u:p@h/d?sslmode=disable' }, env);
    expect(given).toMatchObject({ user: 'u', database: 'd', sslMode: 'disable' });
    expect(given.password('h', 5432)).toBe('p');
  });

  test('the password apart goes before the one in the address, and its file is read each time', () => {
    const passwordFile = file('secret', 'first\n');
    const target = targetOf({ url: 'postgres://u:url@h/d', password: 'first', passwordFile }, NOWHERE);
    expect(target.password('h', 5432)).toBe('first');
    file('secret', 'second\n');
    expect(target.password('h', 5432)).toBe('second');
    expect(targetOf({ url: 'postgres://u:url@h/d', password: 'apart' }, NOWHERE).password('h', 5432)).toBe('apart');
  });

  test('a password file is read as libpq reads it: the first line that fits, of each host its own', () => {
    const passfile = file(
      'pgpass',
      '# a:5432:d:u:comment\na:5433:d:u:other port\na:5432:d:u:p\\:a\\\\ss word\n*:*:*:v:any\nb:*:d:u:b:c\n',
    );
    const password = (user: string, host: string) =>
      targetOf({ url: `postgres://${user}@${host}/d?passfile=${passfile}` }, NOWHERE).password(host, 5432);
    expect(password('u', 'a')).toBe('p:a\\ss word');
    expect(password('u', 'b')).toBe('b:c');
    expect(password('v', 'c')).toBe('any');
    expect(password('w', 'c')).toBeNull();
    expect(() => targetOf({ url: 'postgres://u@a/d?passfile=/there/is/none' }, {}).password('a', 1)).toThrow(
      'passfile /there/is/none cannot be read',
    );
  });
});

describe('the modes of TLS are those of libpq', () => {
  const ways = (query: string) =>
    waysOf(targetOf({ url: `postgres://h/d?${query}` }, NOWHERE)).map((ssl) => {
      if (ssl === false) return 'plain';
      const checksName = ssl.checkServerIdentity === undefined;
      return ssl.rejectUnauthorized === false ? 'any certificate' : checksName ? 'name' : 'signature';
    });

  test.each<[string, string[]]>([
    ['', ['any certificate', 'plain']],
    ['sslmode=disable', ['plain']],
    ['sslmode=allow', ['plain', 'any certificate']],
    ['sslmode=prefer', ['any certificate', 'plain']],
    ['sslmode=require', ['any certificate']],
    ['sslmode=verify-full', ['name']],
    ['sslrootcert=system', ['name']],
    ['sslmode=verify-full&sslrootcert=system', ['name']],
  ])('%s: %j', (query, expected) => {
    expect(ways(query)).toEqual(expected);
  });

  test.each<[string, RegExp]>([
    ['sslmode=verify-ca', /verify-ca goes with sslrootcert alone/],
    ['sslmode=require&sslrootcert=system', /sslrootcert=system goes with sslmode=verify-full alone/],
    ['sslmode=prefer&sslnegotiation=direct', /sslnegotiation=direct goes with sslmode=require or stricter/],
    ['sslrootcert=/there/is/none', /sslrootcert of database\.url: \/there\/is\/none cannot be read/],
  ])('%s is refused', (query, message) => {
    expect(() => ways(query)).toThrow(message);
  });

  test('the authorities of the system are some', () => {
    const [ssl] = waysOf(targetOf({ url: 'postgres://h/d?sslrootcert=system' }, NOWHERE));
    expect((ssl as { ca: string[] }).ca.length).toBeGreaterThan(0);
  });
});
