import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { UnusableFile } from '../../src/files/tls.ts';
import { Registry, RegistryUnreachable } from '../../src/wire/registry.ts';
import { certificates } from '../support/certificates.ts';

const made = certificates();
let server: Server;
let url: string;
/** Who asked: the name in the client's certificate. */
let clients: (string | null)[];

beforeEach(async () => {
  clients = [];
  const { cert, key } = await made.authority.issue({ name: 'localhost' });
  const ca = readFileSync(made.authority.file);
  const options = {
    cert: readFileSync(cert),
    key: readFileSync(key),
    ca,
    requestCert: true,
    rejectUnauthorized: false,
  };
  server = createServer(options, (request: IncomingMessage, response) => {
    const socket = request.socket as TLSSocket;
    clients.push(socket.authorized ? String(socket.getPeerCertificate().subject.CN) : null);
    response.end('{"id":4,"version":1,"schema":"\\"string\\""}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const asked = (options: Partial<ConstructorParameters<typeof Registry>[0]>) =>
  new Registry({ url, ...options }).latest('t');
const fileWith = (content: string | Buffer) => {
  const path = join(made.directory, `${crypto.randomUUID()}.pem`);
  writeFileSync(path, content);
  return path;
};

describe('a registry behind TLS', () => {
  test('is trusted where its authority is named, and nowhere else', async () => {
    expect(await asked({ tlsCa: made.authority.file })).toMatchObject({ id: 4 });
    for (const tlsCa of [null, made.stranger.file]) {
      const refused = asked({ tlsCa });
      await expect(refused).rejects.toThrow(RegistryUnreachable);
      await expect(refused).rejects.toThrow(/registry\.tls_ca/);
    }
  });

  test('is not trusted under a name that its certificate does not have', async () => {
    const elsewhere = url.replace('127.0.0.1', '127.0.0.2');
    await new Promise((resolve) => server.close(resolve));
    await new Promise<void>((resolve) => server.listen(Number(new URL(url).port), '127.0.0.2', resolve));
    await expect(asked({ url: elsewhere, tlsCa: made.authority.file })).rejects.toThrow(
      /certificate is for another name/,
    );
  });

  test('is shown the client’s certificate, whose key may be encrypted', async () => {
    const tlsCa = made.authority.file;
    const { cert, key } = await made.authority.issue({ name: 'tidemark', passphrase: 'open' });
    await asked({ tlsCa });
    await asked({ tlsCa, tlsCert: cert, tlsKey: key, tlsKeyPassphrase: 'open' });
    expect(clients).toEqual([null, 'tidemark']);
    expect(() => asked({ tlsCa, tlsCert: cert, tlsKey: key })).toThrow('it is encrypted, and no passphrase is set');
    expect(() => asked({ tlsCa, tlsCert: cert, tlsKey: key, tlsKeyPassphrase: 'no' })).toThrow(
      'registry.tls_key_passphrase does not open it',
    );
  });

  test('certificates that are exchanged are used by the next request', async () => {
    const first = await made.authority.issue({ name: 'before' });
    const [tlsCert, tlsKey] = [fileWith(readFileSync(first.cert)), fileWith(readFileSync(first.key))];
    const registry = new Registry({ url, tlsCa: made.authority.file, tlsCert, tlsKey });
    await registry.latest('t');
    await registry.latest('t');
    const second = await made.authority.issue({ name: 'after' });
    writeFileSync(tlsCert, readFileSync(second.cert));
    writeFileSync(tlsKey, readFileSync(second.key));
    await registry.latest('t');
    expect(clients).toEqual(['before', 'before', 'after']);
    // In the middle of being exchanged: the same registry is asked again once both are there.
    writeFileSync(tlsKey, readFileSync(first.key));
    await expect(registry.latest('t')).rejects.toThrow('do not go together');
    writeFileSync(tlsCert, readFileSync(first.cert));
    await registry.latest('t');
    expect(clients.at(-1)).toBe('before');
  });
});

describe('a file that is of no use is refused, with what is wrong with it', () => {
  const pem = () => readFileSync(made.authority.file, 'utf8');
  test.each<[string, () => string | Buffer, RegExp]>([
    ['is empty', () => '', /holds no certificate in PEM form: it is empty/],
    ['is text', () => 'hello', /holds no certificate in PEM form$/],
    [
      'is in DER form',
      () => Buffer.from(pem().replace(/-----.*-----|\s/g, ''), 'base64'),
      /it is in DER form; openssl/,
    ],
    ['holds a key', () => readFileSync(join(made.directory, 'ours', 'ca.key')), /but: PRIVATE KEY/],
    ['holds half of one', () => pem().replace(/\n[^\n]+\n-----END/, '\n-----END'), /cannot be read/],
  ])('one that %s', (_, content, message) => {
    const path = fileWith(content());
    const make = () => new Registry({ url, tlsCa: path });
    expect(make).toThrow(UnusableFile);
    expect(make).toThrow(message);
    expect(make).toThrow(`registry.tls_ca: ${path}`);
  });

  test('one that is not there', () => {
    expect(() => new Registry({ url, tlsCa: '/there/is/none' })).toThrow(
      /registry\.tls_ca: \/there\/is\/none cannot be read/,
    );
  });

  test('a certificate and a key of another', async () => {
    const [one, other] = [await made.authority.issue({ name: 'one' }), await made.authority.issue({ name: 'other' })];
    const make = () => new Registry({ url, tlsCert: one.cert, tlsKey: other.key });
    expect(make).toThrow(/registry\.tls_cert: .* and registry\.tls_key: .* do not go together/);
  });
});
