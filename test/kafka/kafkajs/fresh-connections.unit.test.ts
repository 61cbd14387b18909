import net from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import Connection from 'kafkajs/src/network/connection.js';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import { freshConnections } from '../../../src/kafka/kafkajs/fresh-connections.ts';

const servers: net.Server[] = [];
const connections: Connection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) await connection.disconnect();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

/** A server that does with the n-th connection's requests what the n-th of these does. */
async function broker(...answers: ((socket: net.Socket, correlationId: Buffer) => void)[]) {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    const answer = answers[Math.min(sockets.length, answers.length - 1)]!;
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (request) => answer(socket, request.subarray(8, 12)));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  freshConnections();
  const namespace = () => ({ debug: () => {}, error: () => {}, warn: () => {}, namespace });
  const connection = new Connection({
    host: '127.0.0.1',
    port: (server.address() as net.AddressInfo).port,
    logger: { namespace },
    socketFactory: ({ host, port, onConnect }: { host: string; port: number; onConnect: () => void }) =>
      net.connect({ host, port }, onConnect),
    connectionTimeout: 5_000,
    requestTimeout: 5_000,
  });
  connections.push(connection);
  return { connection, sockets };
}

const ask = (connection: Connection) =>
  connection.send({
    request: { apiKey: 18, apiVersion: 0, apiName: 'any', encode: async () => new Encoder() },
    response: { decode: async (bytes: Buffer) => String(bytes), parse: async (text: string) => text },
  });

const whole = (socket: net.Socket, correlationId: Buffer) => {
  socket.write(Buffer.concat([Buffer.from([0, 0, 0, 8]), correlationId, Buffer.from('full')]));
};

test('what broke off in the middle of an answer is not put before the answers of the next connection', async () => {
  const { connection } = await broker((socket, correlationId) => {
    socket.write(Buffer.concat([Buffer.from([0, 0, 1, 0]), correlationId, Buffer.from('half')]), () =>
      socket.destroy(),
    );
  }, whole);
  await connection.connect();
  await expect(ask(connection)).rejects.toThrow();
  await connection.connect();
  await expect(ask(connection)).resolves.toBe('full');
});

test('the end of the connection before is not the end of the next', async () => {
  const { connection, sockets } = await broker(whole);
  await connection.connect();
  await ask(connection);
  await connection.disconnect();
  await connection.connect();
  const answer = ask(connection);
  sockets[0]!.destroy();
  await expect(answer).resolves.toBe('full');
  expect(connection.isConnected()).toBe(true);
});

test('two who connect at once share one connection', async () => {
  const { connection, sockets } = await broker(whole);
  await Promise.all([connection.connect(), connection.connect()]);
  await expect(ask(connection)).resolves.toBe('full');
  expect(sockets).toHaveLength(1);
});
