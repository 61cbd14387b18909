/**
 * Invariant: a connection that is made anew knows nothing of the one before. KafkaJS keeps the bytes of an answer that
 * broke off, and appends the next connection's answers to them: none of those is ever understood, and the callers wait.
 * It still listens to the old socket, whose end would end the new connection too. And two callers at once get a socket
 * each, of which one is never closed.
 *
 * Written for KafkaJS 2.2.4; held by test/kafka/kafkajs/fresh-connections.unit.test.ts.
 */
import type { Socket } from 'node:net';
import Connection from 'kafkajs/src/network/connection.js';

/** Bytes of the length in front of an answer. */
const LENGTH = 4;

/** Fields of a connection that KafkaJS keeps to itself. */
interface Kept {
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  authHandlers: object | null;
  authExpectResponse: boolean;
  readonly socket?: Socket;
}

const connect = Connection.prototype.connect;
const connecting = new WeakMap<Connection, Promise<boolean>>();

/** May be called any number of times. */
export function freshConnections(): void {
  Connection.prototype.connect = function (this: Connection): Promise<boolean> {
    let under = connecting.get(this);
    if (under === undefined) {
      if (!this.isConnected()) forget(this);
      under = connect.call(this).finally(() => connecting.delete(this));
      connecting.set(this, under);
    }
    return under;
  };
}

export function isConnecting(connection: Connection): boolean {
  return connecting.has(connection);
}

/** Lets go of a connection's socket, and of all that came over it. */
export function forget(of: Connection): void {
  const connection = of as unknown as Kept;
  connection.chunks = [];
  connection.bytesBuffered = 0;
  connection.bytesNeeded = LENGTH;
  connection.authHandlers = null;
  connection.authExpectResponse = false;
  const { socket } = connection;
  if (socket === undefined) return;
  for (const event of ['data', 'end', 'error', 'timeout']) socket.removeAllListeners(event);
  // An error of a socket that is let go of concerns no caller any more.
  socket.on('error', () => {});
  socket.destroy();
}
