import net from 'node:net';
import type { ISocketFactory } from 'kafkajs';
import Connection from 'kafkajs/src/network/connection.js';
import { openSocket } from './sockets.ts';

/** An answer begins with its length, four bytes. */
const LENGTH = 4;
/** Read at once while it is not known how long the answer is. */
const SCRATCH = 16 * 1024;
/** No broker's answer is longer, by far: who says so is no broker. */
const LONGEST = 2 ** 30;

/**
 * Sockets that read an answer straight into one buffer of its length, and hand it on in one piece. KafkaJS otherwise
 * gets pieces of 64 KB, each in a buffer of its own, and joins them: measured, 0.1 µs a record of 258 bytes. Where
 * there is TLS, whose sockets cannot do that, it still does.
 */
export const wholeAnswers: ISocketFactory = (args) => openSocket(args, plain);

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
 * KafkaJS keeps the rest behind an answer, also where it is empty, and copies the next answer to join the two. May be
 * called any number of times.
 */
export function joinNothing(): void {
  Connection.prototype.processData = function (this: Buffered, bytes) {
    if (this.bytesBuffered === 0) this.chunks = [];
    processData.call(this, bytes);
  };
}

interface Buffered extends Connection {
  readonly bytesBuffered: number;
  chunks: Buffer[];
}

/** Cuts what comes over a connection into answers, each with its length in front. */
export class Answers {
  readonly #give: (answer: Buffer) => void;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH);
  /** Where what comes next is written: behind what is there of an answer. */
  #into = this.#scratch;
  #filled = 0;

  constructor(give: (answer: Buffer) => void) {
    this.#give = give;
  }

  get room(): Buffer {
    return this.#filled === 0 ? this.#into : this.#into.subarray(this.#filled);
  }

  /** So many bytes were written into `room`. @throws Error where they are no answer of a broker. */
  arrived(bytes: number): void {
    this.#filled += bytes;
    if (this.#into !== this.#scratch) {
      if (this.#filled === this.#into.length) this.#finish(this.#into);
      return;
    }
    let at = 0;
    while (this.#filled - at >= LENGTH) {
      const end = at + LENGTH + lengthOf(this.#scratch, at);
      if (end > this.#filled) {
        if (end - at > SCRATCH) {
          this.#begin(at, end - at);
          return;
        }
        break;
      }
      this.#give(Buffer.from(this.#scratch.subarray(at, end)));
      at = end;
    }
    this.#scratch.copyWithin(0, at, this.#filled);
    this.#filled -= at;
  }

  /** An answer that the scratch cannot hold begins there at `at`. */
  #begin(at: number, length: number): void {
    const answer = Buffer.allocUnsafeSlow(length);
    this.#filled = this.#scratch.copy(answer, 0, at, this.#filled);
    this.#into = answer;
  }

  #finish(answer: Buffer): void {
    this.#into = this.#scratch;
    this.#filled = 0;
    this.#give(answer);
  }
}

function lengthOf(bytes: Buffer, at: number): number {
  const length = bytes.readInt32BE(at);
  if (length >= 0 && length <= LONGEST) return length;
  throw new Error(`what answers is no Kafka broker: an answer of ${length} bytes was announced`);
}
