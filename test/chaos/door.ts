import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, connect as secure, TLSSocket } from 'node:tls';

/** PEM, as a proxy shows itself to clients, and the authority that it trusts. */
export interface Papers {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

/** Gives, for the two sides of a connection through a proxy, what is read and written of them in plain. */
export type Door = (client: Socket, server: Socket) => Promise<readonly [client: Duplex, server: Duplex]>;

/** Bytes pass as they are: what is encrypted stays so from end to end. */
export const sealed: Door = async (client, server) => [client, server];

/** TLS ends at the proxy, and begins there anew: what passes can be read, and both ends speak TLS all the same. */
export const opened =
  (papers: () => Papers): Door =>
  async (client, server) => {
    const { cert, key, ca } = papers();
    return [
      new TLSSocket(client, { isServer: true, secureContext: createSecureContext({ cert, key }) }),
      secure({ socket: server, ca, host: '127.0.0.1' }),
    ];
  };

/** Asks whether there is TLS; Postgres answers with one letter. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** As `opened`, for the protocol of Postgres, in which TLS is asked for first. */
export const openedPostgres =
  (papers: () => Papers): Door =>
  async (client, server) => {
    const asked = await exactly(client, SSL_REQUEST.length);
    if (!asked.equals(SSL_REQUEST)) throw new Error(`no request for TLS: ${asked.toString('hex')}`);
    server.write(SSL_REQUEST);
    const answer = await exactly(server, 1);
    client.write(answer);
    if (answer.toString() !== 'S') throw new Error(`Postgres has no TLS: ${answer}`);
    return await opened(papers)(client, server);
  };

/** The next bytes of a socket that nothing else reads. @throws where it closes before */
function exactly(socket: Socket, count: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const end = () => {
      socket.off('readable', look);
      socket.off('close', gone);
    };
    const gone = () => {
      end();
      reject(new Error('closed before TLS'));
    };
    const look = () => {
      const bytes = socket.read(count) as Buffer | null;
      if (bytes === null) return;
      end();
      resolve(bytes);
    };
    socket.on('readable', look);
    socket.once('close', gone);
    look();
  });
}
