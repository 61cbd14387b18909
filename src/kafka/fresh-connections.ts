/**
 * Invariant: a connection that is made anew knows nothing of the one before. KafkaJS 2.2.4 keeps the bytes of an answer that
 * broke off, and puts the next connection's answers behind them: none of those is ever understood, and who asked waits.
 * It still listens to the socket before, whose end would end the new connection too. And two who ask at once get a socket
 * each, of which one is never closed.
 */
import type { Socket } from 'node:net';
import Connection from 'kafkajs/src/network/connection.js';

/** Bytes that say how long an answer is. */
const LENGTH = 4;

/** What of a connection KafkaJS keeps to itself. */
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
  // What befalls it now is nobody's.
  socket.on('error', () => {});
  socket.destroy();
}
