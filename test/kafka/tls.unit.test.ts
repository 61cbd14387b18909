import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type KafkaAddress, kafkaClient } from '../../src/kafka/client.ts';
import { watchEndTxn } from '../../src/kafka/end-txn.ts';
import { oneBufferSockets } from '../../src/kafka/kafkajs/one-buffer-sockets.ts';
import { fetchToken } from '../../src/kafka/token-endpoint.ts';
import { Authority, type Certificate, whyNoCertificates } from '../../src/local/authority.ts';
import { quiet } from './support/broker.ts';
import { FakeBroker } from './support/fake-broker.ts';

const reason = await whyNoCertificates(process.env);
const describeTls = reason === null ? describe : describe.skip;

describeTls(`TLS to the brokers${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  const PASSPHRASE = 'open sesame';
  let directory: string;
  let authorities: Authority[];
  let servers: Certificate[];
  let client: Certificate;
  let stranger: Certificate;
  let broker: FakeBroker;
  let listening: tls.Server;
  let brokers: string[];
  /** Names of the clients that came. */
  let came: string[];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tls-'));
    authorities = await Promise.all(
      ['one', 'two'].map((name) => {
        mkdirSync(join(directory, name));
        return Authority.make(join(directory, name), process.env);
      }),
    );
    servers = await Promise.all(authorities.map((authority) => authority.issue({ name: 'broker' })));
    client = await authorities[0]!.issue({ name: 'fold', passphrase: PASSPHRASE });
    stranger = await authorities[0]!.issue({ name: 'stranger' });
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  beforeEach(async () => {
    came = [];
    broker = new FakeBroker((serve) => {
      listening = tls.createServer({ ...secured(0), requestCert: true, rejectUnauthorized: false }, (socket) => {
        came.push((socket.getPeerCertificate().subject?.CN as string | undefined) ?? 'nobody');
        serve(socket as Socket);
      });
      return listening as unknown as Server;
    });
    brokers = [await broker.listen()];
  });
  afterEach(() => broker.close());

  /** What the broker shows, by which of the two authorities; clients are to be of the first. */
  const secured = (authority: number) => ({
    cert: readFileSync(servers[authority]!.cert),
    key: readFileSync(servers[authority]!.key),
    ca: readFileSync(authorities[0]!.file),
  });
  const copy = (from: string, name: string) => {
    copyFileSync(from, join(directory, name));
    return join(directory, name);
  };
  const connecting = (address: Omit<KafkaAddress, 'brokers'>, options: Parameters<typeof kafkaClient>[2] = {}) => {
    const kafka = kafkaClient({ brokers, tls: true, ...address }, quiet, options);
    return async (): Promise<string> => {
      const admin = kafka.admin({ retry: { retries: 0 } });
      try {
        await admin.connect();
        return 'connected';
      } catch (error) {
        return (error as Error).message;
      } finally {
        await admin.disconnect();
      }
    };
  };

  test('a file of authorities that was exchanged holds from the next connection on', async () => {
    const tlsCa = copy(authorities[0]!.file, 'ca.pem');
    const connect = connecting({ tlsCa });
    expect(await connect()).toBe('connected');
    listening.setSecureContext(secured(1));
    expect(await connect()).toMatch(/unable to verify|self-signed/);
    copy(authorities[1]!.file, 'ca.pem');
    expect(await connect()).toBe('connected');
    writeFileSync(tlsCa, 'no certificate');
    expect(await connect()).toMatch(/^Failed to connect: kafka\.tls_ca: .*ca\.pem holds no certificate in PEM form/);
  });

  test('a certificate that was exchanged is shown with the next connection, its key opened by what is in a file', async () => {
    const [tlsCert, tlsKey] = [copy(stranger.cert, 'client.pem'), copy(stranger.key, 'client.key')];
    const tlsKeyPassphraseFile = join(directory, 'passphrase');
    writeFileSync(tlsKeyPassphraseFile, 'not asked for');
    const connect = connecting({ tlsCa: authorities[0]!.file, tlsCert, tlsKey, tlsKeyPassphraseFile });
    expect(await connect()).toBe('connected');
    copy(client.cert, 'client.pem');
    expect(await connect()).toMatch(/kafka\.tls_cert: .* and kafka\.tls_key: .* do not go together/);
    copy(client.key, 'client.key');
    expect(await connect()).toMatch(/kafka\.tls_key: .*client\.key: kafka\.tls_key_passphrase does not open it/);
    writeFileSync(tlsKeyPassphraseFile, `${PASSPHRASE}\n`);
    expect(await connect()).toBe('connected');
    expect(new Set(came)).toEqual(new Set(['stranger', 'fold']));
    expect(came.at(-1)).toBe('fold');
  });

  test.each([
    ['that take answers whole', () => oneBufferSockets],
    ['that watch for the end of a transaction', () => watchEndTxn(() => {})],
  ])('sockets %s have it too', async (_, socketFactory) => {
    const address = { tlsCa: authorities[0]!.file, tlsCert: stranger.cert, tlsKey: stranger.key };
    expect(await connecting(address, { socketFactory: socketFactory() })()).toBe('connected');
    expect(came).toEqual(['stranger']);
  });

  test('a token endpoint is trusted by an authority of its own', async () => {
    const endpoint = createHttps(secured(1), (_, response) => response.end('{"access_token":"t","expires_in":60}'));
    await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(endpoint.address() as AddressInfo).port}/token`;
    const clientSecret = { setting: 'kafka.sasl.client_secret', value: 's', file: null };
    const ask = (ca: string | null) =>
      fetchToken({ url, clientId: 'c', clientSecret, scope: null, parameters: [], ca });
    await expect(ask(null)).rejects.toThrow(/did not answer: unable to verify/);
    expect(await ask(authorities[1]!.file)).toMatchObject({ value: 't' });
    await new Promise((resolve) => endpoint.close(resolve));
  });
});
