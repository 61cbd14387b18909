import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseSchema } from '../../src/wire/avro-type.ts';
import { Registry, RegistryRefused, RegistryUnreachable, RegistryUnsure, subjectOf } from '../../src/wire/registry.ts';
import { TRACK_EVENT_SCHEMA, VISIT_ENDED_SCHEMA } from '../../src/wire/schemas.ts';

type Reply = { status?: number; json?: unknown; text?: string } | 'hang' | 'drop';

/** What the registry answers, by method and path; all else is unknown to it. */
let answers: { [request: string]: Reply };
let seen: { request: string; body: string; headers: IncomingMessage['headers'] }[];
let server: Server;
let url: string;

const UNKNOWN = { status: 404, json: { error_code: 40403, message: 'Schema not found' } };
const OWN = 'GET /schemas/ids/1';

beforeEach(async () => {
  answers = {};
  seen = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const key = `${request.method} ${request.url}`;
      seen.push({ request: key, body, headers: request.headers });
      const reply: Reply = answers[key] ?? UNKNOWN;
      if (reply === 'hang') return;
      if (reply === 'drop') return void request.socket.destroy();
      response.statusCode = reply.status ?? 200;
      response.end(reply.text ?? JSON.stringify(reply.json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const registered = async (): Promise<Registry> => {
  answers['POST /subjects/tracks-value/versions'] = { json: { id: 1 } };
  answers[OWN] = { json: { schema: TRACK_EVENT_SCHEMA } };
  const registry = new Registry({ url });
  expect(await registry.register(subjectOf('tracks'), TRACK_EVENT_SCHEMA)).toBe(1);
  return registry;
};

describe('subjects', () => {
  test('a schema is registered under its topic, and looked up', async () => {
    await registered();
    expect(JSON.parse(seen[0]!.body)).toEqual({ schema: TRACK_EVENT_SCHEMA });
    answers['POST /subjects/a%2Fb-value'] = { json: { subject: 'a/b-value', id: 4, version: 2, schema: '"string"' } };
    const registry = new Registry({ url: `${url}/` });
    expect(await registry.lookup(subjectOf('a/b'), '"string"')).toEqual({ id: 4, version: 2, schema: '"string"' });
    expect(await registry.lookup('other', '"string"')).toBeNull();
  });

  test('the latest version is found, or that there is none', async () => {
    answers['GET /subjects/t-value/versions/latest'] = { json: { id: 4, version: 2, schema: '"string"' } };
    const registry = new Registry({ url });
    expect(await registry.latest('t-value')).toEqual({ id: 4, version: 2, schema: '"string"' });
    expect(await registry.latest('u-value')).toBeNull();
  });

  test('credentials are sent, those in the address too', async () => {
    answers['GET /subjects/t/versions/latest'] = { json: { id: 4 } };
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    await new Registry({ url, username: 'u', password: 'p:q' }).latest('t');
    await new Registry({ url: url.replace('//', '//me:s%40y@') }).latest('t');
    await new Registry({ url }).latest('t');
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([basic('u:p:q'), basic('me:s@y'), undefined]);
  });
});

describe('several addresses', () => {
  const path = '/subjects/t/versions/latest';
  const other = createServer((request, response) => {
    asked.push(request.headers.authorization ?? '');
    response.statusCode = reply.status;
    response.end(JSON.stringify(reply.json));
  });
  let reply: { status: number; json: unknown };
  let asked: string[];
  let both: string[];

  beforeEach(async () => {
    asked = [];
    reply = { status: 200, json: { id: 9, version: 1, schema: '"long"' } };
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    both = [url, `http://127.0.0.1:${(other.address() as AddressInfo).port}`];
  });
  afterEach(async () => {
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
  });

  test.each<[string, Reply]>([
    ['drops the connection', 'drop'],
    ['never answers', 'hang'],
    ['has an error of its own', { status: 500, json: { error_code: 50001, message: 'down' } }],
    ['is being moved', { status: 503, text: 'no upstream' }],
  ])('one that %s hands over to the next, which is asked first from then on', async (_, failing) => {
    answers[`GET ${path}`] = failing;
    const registry = new Registry({ url: both, timeout: 200 });
    expect(await registry.latest('t')).toMatchObject({ id: 9 });
    expect(await registry.latest('t')).toMatchObject({ id: 9 });
    expect([seen.length, asked.length]).toEqual([1, 2]);
    expect(registry.currentAccess().host).toBe(both[1]);
    // And back, where that one fails.
    reply = { status: 502, json: {} };
    answers[`GET ${path}`] = { json: { id: 4, version: 1, schema: '"string"' } };
    expect(await registry.latest('t')).toMatchObject({ id: 4 });
  });

  test('one that answers no hands nothing over: it does not know, or refuses', async () => {
    const registry = new Registry({ url: both });
    expect(await registry.latest('t')).toBeNull();
    answers[`GET ${path}`] = { status: 401, json: { error_code: 401, message: 'no' } };
    await expect(registry.latest('t')).rejects.toThrow(RegistryRefused);
    expect(asked).toEqual([]);
  });

  test('where none answers, each is told of', async () => {
    answers[`GET ${path}`] = 'drop';
    reply = { status: 503, json: { message: 'starting' } };
    const refused = new Registry({ url: both }).latest('t');
    await expect(refused).rejects.toThrow(RegistryUnreachable);
    await expect(refused).rejects.toThrow(
      new RegExp(`${both[0]} gives no answer.*; .*${both[1]} answered .* 503: starting`),
    );
  });

  test('each address is let in by its own credentials, unless some are given apart', async () => {
    const own = both.map((address, i) => address.replace('//', `//u${i}:p@`));
    answers[`GET ${path}`] = 'drop';
    await new Registry({ url: own }).latest('t');
    await new Registry({ url: own, token: 't0ken' }).latest('t');
    expect(asked).toEqual([`Basic ${Buffer.from('u1:p').toString('base64')}`, 'Bearer t0ken']);
  });
});

describe('writer schemas', () => {
  test('a schema is found by its id', async () => {
    answers['GET /schemas/ids/7'] = { json: { schema: '{"type":"long"}' } };
    expect(await new Registry({ url }).writerSchema(7)).toEqual({ found: '{"type":"long"}' });
  });

  test('an id is unknown only where the registry still knows our own schema', async () => {
    const registry = await registered();
    expect(await registry.writerSchema(7)).toEqual({ unknown: true });
    answers[OWN] = { status: 503, text: 'starting' };
    await expect(registry.writerSchema(7)).rejects.toThrow(RegistryUnreachable);
    answers[OWN] = UNKNOWN;
    await expect(registry.writerSchema(7)).rejects.toThrow(RegistryUnsure);
    // A registry that lost its state gives our id to another schema.
    answers[OWN] = { json: { schema: VISIT_ENDED_SCHEMA } };
    await expect(registry.writerSchema(7)).rejects.toThrow(RegistryUnsure);
    answers[OWN] = { json: { schema: JSON.stringify(JSON.parse(TRACK_EVENT_SCHEMA), null, 2) } };
    expect(await registry.writerSchema(7)).toEqual({ unknown: true });
  });

  test('before our own schema was seen there, no id is unknown', async () => {
    await expect(new Registry({ url }).writerSchema(7)).rejects.toThrow(RegistryUnsure);
  });

  test('a schema that is no Avro is found, as one that cannot be read', async () => {
    answers['GET /schemas/ids/7'] = { json: { schemaType: 'PROTOBUF', schema: 'syntax = "proto3";' } };
    const answer = await new Registry({ url }).writerSchema(7);
    expect(() => parseSchema((answer as { found: string }).found, false)).toThrow('PROTOBUF');
  });

  test('schemas that one refers to are put into it, so that its text stands alone', async () => {
    const fields = [
      { name: 'a', type: 'com.shop.Page' },
      { name: 'b', type: ['null', 'Page'] },
      { name: 'c', type: { type: 'array', items: 'Link' } },
    ];
    const main = { type: 'record', name: 'Event', namespace: 'com.shop', fields };
    const page = { type: 'record', name: 'Page', namespace: 'com.shop', fields: [{ name: 'l', type: 'Link' }] };
    const link = { type: 'record', name: 'Link', namespace: 'com.shop', fields: [{ name: 'u', type: 'string' }] };
    const toLink = { name: 'com.shop.Link', subject: 'link', version: 3 };
    const toPage = { name: 'com.shop.Page', subject: 'page', version: 1 };
    answers['GET /schemas/ids/7'] = { json: { schema: JSON.stringify(main), references: [toPage, toLink] } };
    answers['GET /subjects/page/versions/1'] = { json: { schema: JSON.stringify(page), references: [toLink] } };
    answers['GET /subjects/link/versions/3'] = { json: { schema: JSON.stringify(link) } };
    const registry = new Registry({ url });
    const answer = (await registry.writerSchema(7)) as { found: string };
    const value = { a: { l: { u: 'x' } }, b: { l: { u: 'y' } }, c: [{ u: 'z' }] };
    const type = parseSchema(answer.found, false);
    expect(JSON.parse(JSON.stringify(type.fromBuffer(type.toBuffer(value))))).toEqual(value);
    answers['GET /subjects/link/versions/3'] = UNKNOWN;
    await expect(registry.writerSchema(7)).rejects.toThrow(RegistryUnsure);
  });
});

describe('errors', () => {
  test.each<[string, Reply]>([
    ['drops the connection', 'drop'],
    ['never answers', 'hang'],
    ['has an error of its own', { status: 500, json: { error_code: 50001, message: 'down' } }],
    ['is busy', { status: 429, text: '' }],
    ['answers with something else', { text: '<html>' }],
    ['is not there, but something else is', { status: 404, text: 'nginx' }],
  ])('a registry that %s is unreachable', async (_, reply) => {
    answers['GET /schemas/ids/7'] = reply;
    answers['GET /subjects/t/versions/latest'] = reply;
    const registry = new Registry({ url, timeout: 200 });
    await expect(registry.writerSchema(7)).rejects.toThrow(RegistryUnreachable);
    await expect(registry.latest('t')).rejects.toThrow(RegistryUnreachable);
  });

  test('where nobody listens it is unreachable, and the error says what to check', async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const asked = new Registry({ url }).writerSchema(7);
    await expect(asked).rejects.toThrow(RegistryUnreachable);
    await expect(asked).rejects.toThrow(/ECONNREFUSED.*registry\.url/);
    server = createServer().listen(0);
  });

  test('a refusal is told from no answer, with the registry’s own words', async () => {
    const registry = new Registry({ url });
    answers['POST /subjects/t/versions'] = { status: 409, json: { error_code: 409, message: 'incompatible: x' } };
    const refused = registry.register('t', '"string"');
    await expect(refused).rejects.toThrow(RegistryRefused);
    await expect(refused).rejects.toMatchObject({ status: 409, message: expect.stringContaining('incompatible: x') });
    answers['GET /subjects/t/versions/latest'] = { status: 401, json: { error_code: 401, message: 'no' } };
    await expect(registry.latest('t')).rejects.toThrow('registry.username');
    answers['GET /subjects/t/versions/latest'] = { status: 403, json: { error_code: 40301, message: 'no right' } };
    await expect(registry.latest('t')).rejects.toThrow(/no right.*grant this user the right/);
  });

  test('an address that has moved is told by the new one', async () => {
    server.once('request', (_, response) => response.writeHead(301, { location: 'https://elsewhere/' }));
    await expect(new Registry({ url }).latest('t')).rejects.toThrow(/301.*https:\/\/elsewhere\/.*registry\.url/);
  });

  test('a connection that was kept and is closed by now is no failure', async () => {
    answers['GET /subjects/t/versions/latest'] = { json: { id: 4 } };
    const registry = new Registry({ url });
    await registry.latest('t');
    server.closeAllConnections();
    await registry.latest('t');
    expect(seen).toHaveLength(2);
  });

  test('a subject is deleted for good, and need not be there', async () => {
    answers['DELETE /subjects/t'] = { json: [1, 2] };
    answers['DELETE /subjects/t?permanent=true'] = { json: [1, 2] };
    const registry = new Registry({ url });
    await registry.remove('t');
    await registry.remove('u');
    expect(seen.map(({ request }) => request).slice(0, 2)).toEqual(Object.keys(answers));
  });

  test('a password is in no error', async () => {
    const registry = new Registry({ url: url.replace('//', '//me:secret@'), timeout: 200 });
    answers['GET /subjects/t/versions/latest'] = { status: 500, json: {} };
    await expect(registry.latest('t')).rejects.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });
});
