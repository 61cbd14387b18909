/**
 * Answers that reach KafkaJS in one piece. It otherwise gets pieces of 64 KB, each in a buffer of its own, and joins
 * them: measured, 0.1 µs a record of 258 bytes. Where there is TLS, whose sockets cannot read into a given buffer, it
 * still does.
 *
 * Written for KafkaJS 2.2.4; held by test/kafka/answers.unit.test.ts and test/kafka/kafkajs/internals.unit.test.ts.
 */
import net from 'node:net';
import type { ISocketFactory } from 'kafkajs';
import Connection from 'kafkajs/src/network/connection.js';
import { Answers } from '../answers.ts';
import { openSocket } from '../sockets.ts';

/** Sockets that read an answer straight into one buffer of its length. */
export const oneBufferSockets: ISocketFactory = (args) => openSocket(args, plain);

function plain(host: string, port: number, onConnect: () => void): net.Socket {
  const answers = new Answers((answer) => socket.emit('data', answer));
  const socket = net.connect(
    {
      host,
      port,
      onread: {
        buffer: () => answers.room,
        callback: (bytes) => {
          try {
            answers.arrived(bytes);
          } catch (error) {
            socket.destroy(error as Error);
          }
          return true;
        },
      },
    },
    onConnect,
  );
  return socket;
}

const processData = Connection.prototype.processData;

/**
 * KafkaJS keeps what follows an answer, even where that is empty, and copies the next answer to join the two. May be
 * called any number of times.
 */
export function patchConcat(): void {
  Connection.prototype.processData = function (this: Buffered, bytes) {
    if (this.bytesBuffered === 0) this.chunks = [];
    processData.call(this, bytes);
  };
}

interface Buffered extends Connection {
  readonly bytesBuffered: number;
  chunks: Buffer[];
}
