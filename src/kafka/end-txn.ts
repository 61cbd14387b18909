import type { ISocketFactory } from 'kafkajs';
import { openSocket } from './sockets.ts';

/** API key of EndTxn, which commits or aborts: bytes 4 and 5 of a request, behind its length. */
const END_TXN = 26;

/**
 * Sockets that call `sent` once the bytes of an EndTxn request have been handed to the operating system, before its
 * answer can be read: for the failpoint where the broker decides alone. KafkaJS writes each request in one piece.
 */
export function watchEndTxn(sent: () => void): ISocketFactory {
  return (args) => {
    const socket = openSocket(args);
    const write = socket.write.bind(socket) as (data: Uint8Array, done?: () => void) => boolean;
    socket.write = ((data: Uint8Array) => write(data, isEndTxn(data) ? sent : undefined)) as typeof socket.write;
    return socket;
  };
}

function isEndTxn(data: Uint8Array): boolean {
  return Buffer.isBuffer(data) && data.length > 6 && data.readInt16BE(4) === END_TXN;
}
