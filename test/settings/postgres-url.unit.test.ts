import { describe, expect, test } from '@jest/globals';
import { hidePassword } from '../../src/settings/index.ts';
import { PostgresUrlError, parsePostgresUrl } from '../../src/settings/postgres-url.ts';

const host = (name: string, port = 5432) => ({ name, port });

describe('an address of Postgres', () => {
  test.each<[string, object]>([
    ['postgres://u:p@h:5433/d', { hosts: [host('h', 5433)], user: 'u', password: 'p', database: 'd', parameters: {} }],
    ['postgresql://h', { hosts: [host('h')], user: null, password: null, database: null }],
    ['postgres:///d', { hosts: [host('')], database: 'd' }],
    ['postgres://u@a:5433,b,c:5434/d', { hosts: [host('a', 5433), host('b'), host('c', 5434)] }],
    ['postgres://[::1]:5433,[fe80::2]/d', { hosts: [host('::1', 5433), host('fe80::2')] }],
    ['postgres://u%40x:p%2F%3Aq:r@h/d%20e', { user: 'u@x', password: 'p/:q:r', database: 'd e' }],
    ['postgres://u:p@ss@h/d', { password: 'p@ss', hosts: [host('h')] }],
    ['postgres:///d?host=a,b&port=5433&user=u&password=p', { hosts: [host('a', 5433), host('b', 5433)], user: 'u' }],
    ['postgres:///?host=/run/pg&dbname=d', { hosts: [host('/run/pg')], database: 'd' }],
    ['postgres://%2Frun%2Fpg/d', { hosts: [host('/run/pg')] }],
    ['postgres://h/d?ssl=true&uselibpqcompat=true', { parameters: { sslmode: 'require' } }],
    [
      'postgres://h/d?options=-c%20a%3Db&connect_timeout=3',
      { parameters: { options: '-c a=b', connect_timeout: '3' } },
    ],
  ])('%s', (url, parts) => {
    expect(parsePostgresUrl(url)).toMatchObject(parts);
  });

  test.each<[string, RegExp]>([
    ['mysql://h/d', /must be an address like postgres:/],
    ['postgres://u:p/w@h/d', /%2F/],
    ['postgres://u:p?w@h/d', /%3F/],
    ['postgres://a:1,b:x/d', /host b:x/],
    ['postgres://a:99999/d', /port 99999/],
    ['postgres:///d?host=a,b,c&port=1,2', /3 hosts and 2 ports/],
    ['postgres://h/d?sslmode=no-verify', /sslmode=no-verify, which must be disable, allow/],
    ['postgres://h/d?sslmod=require', /parameter sslmod, which is none of sslmode,/],
    ['postgres://h/d?statement_timeout=5', /options=-c%20statement_timeout/],
    ['postgres://h/d?connect_timeout=soon', /number of seconds/],
    ['postgres://h/d?gssencmode=require', /gssencmode=require, which must be disable, prefer/],
    ['postgres://u:50%@h/d', /% in the password/],
  ])('%s is refused, with what is wrong', (url, message) => {
    expect(() => parsePostgresUrl(url)).toThrow(PostgresUrlError);
    expect(() => parsePostgresUrl(url)).toThrow(message);
  });

  test.each([
    ['postgres://u:hunter2@a:1,b:2/d?x=1', 'postgres://u:***@a:1,b:2/d?x=1'],
    ['postgres://u:hun@ter2@a/d', 'postgres://u:***@a/d'],
    ['postgres://a,b/d?password=hunter2&sslpassword=hunter2', 'postgres://a,b/d?password=***&sslpassword=***'],
    ['postgres://a/d?passfile=/run/pass', 'postgres://a/d?passfile=/run/pass'],
    ['postgres://u:hun/ter2@a/d', '***'],
    ['https://u:hunter2@a:8081/x', 'https://u:***@a:8081/x'],
  ])('%s is shown as %s', (url, shown) => {
    expect(hidePassword(url)).toBe(shown);
  });
});
