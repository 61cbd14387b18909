import net from 'node:net';

/** What the broker does with a login. */
export type Answer =
  | 'accept'
  /** Says that the credentials are wrong, and closes the connection. */
  | 'refuse'
  /** Says in the mechanism why not, as brokers do with a token, and refuses once that is acknowledged. */
  | 'refuse the token'
  /** Closes the connection where it should answer. */
  | 'close'
  /** The same, one step earlier. */
  | 'close at handshake'
  /** As where the client logs in again too soon. */
  | 'illegal state'
  /** Knows no such way to log in. */
  | 'unsupported';

const HANDSHAKE = 17;
const API_VERSIONS = 18;
const AUTHENTICATE = 36;
const METADATA = 3;

/** As much of a broker as a login needs. */
export class FakeBroker {
  /** How the next logins end; the last goes on. */
  answers: Answer[] = ['accept'];
  /** What each login sent, as it came. */
  readonly logins: Buffer[] = [];
  /** How long a login lasts, ms; 0: for ever. */
  lifetime = 0n;
  mechanism = 'PLAIN';
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  constructor(server: (onConnection: (socket: net.Socket) => void) => net.Server = (each) => net.createServer(each)) {
    this.#server = server((socket) => this.#serve(socket));
  }

  async listen(host = '127.0.0.1'): Promise<string> {
    await new Promise<void>((resolve, reject) => this.#server.once('error', reject).listen(0, host, resolve));
    const { port } = this.#server.address() as net.AddressInfo;
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    let bytes: Buffer = Buffer.alloc(0);
    socket.on('data', (more) => {
      bytes = Buffer.concat([bytes, more]);
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
        const end = 4 + bytes.readInt32BE(0);
        this.#request(socket, bytes.subarray(4, end));
        bytes = bytes.subarray(end);
      }
    });
  }

  #request(socket: net.Socket, request: Buffer): void {
    const key = request.readInt16BE(0);
    const head = 10 + Math.max(0, request.readInt16BE(8));
    const body = this.#answer(key, request.subarray(head));
    if (body === null) return void socket.end();
    const start = Buffer.alloc(8);
    start.writeInt32BE(4 + body.length, 0);
    request.copy(start, 4, 4, 8);
    socket.write(Buffer.concat([start, body]));
    if (key === AUTHENTICATE && body.readInt16BE(0) !== 0) socket.end();
  }

  #answer(key: number, body: Buffer): Buffer | null {
    const [answer] = this.answers;
    switch (key) {
      case API_VERSIONS: {
        const apis = [
          [METADATA, 0, 5],
          [HANDSHAKE, 0, 1],
          [API_VERSIONS, 0, 2],
          [AUTHENTICATE, 0, 1],
        ].map((api) => int16(...api));
        return Buffer.concat([int16(0), int32(apis.length), ...apis, int32(0)]);
      }
      case HANDSHAKE: {
        if (answer === 'close at handshake') return this.#next(null);
        if (answer === 'illegal state') return this.#next(Buffer.concat([int16(34), int32(0)]));
        if (answer === 'unsupported') return this.#next(Buffer.concat([int16(33), int32(0)]));
        return Buffer.concat([int16(0), int32(1), string(this.mechanism)]);
      }
      case AUTHENTICATE:
        this.logins.push(body.subarray(4));
        if (answer === 'close') return this.#next(null);
        if (answer === 'refuse the token' && body.length > 5) {
          return Buffer.concat([int16(0), int16(-1), bytes('{"status":"invalid_token"}'), int64(0n)]);
        }
        if (answer === 'refuse' || answer === 'refuse the token') {
          const said = answer === 'refuse' ? 'Invalid username or password' : '{"status":"invalid_token"}';
          return this.#next(Buffer.concat([int16(58), string(said), int32(0), int64(0n)]));
        }
        return this.#next(Buffer.concat([int16(0), int16(-1), int32(0), int64(this.lifetime)]));
      case METADATA:
        // Of this broker, as it is reached, and of no topic.
        return Buffer.concat([int32(0), this.#itself(), int16(-1), int32(0), int32(0)]);
      default:
        return null;
    }
  }

  #itself(): Buffer {
    const { port, address } = this.#server.address() as net.AddressInfo;
    return Buffer.concat([int32(1), int32(0), string(address), int32(port), int16(-1)]);
  }

  #next<T>(answered: T): T {
    if (this.answers.length > 1) this.answers.shift();
    return answered;
  }
}

function int16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, i) => void bytes.writeInt16BE(value, 2 * i));
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function bytes(text: string): Buffer {
  return Buffer.concat([int32(Buffer.byteLength(text)), Buffer.from(text)]);
}

function string(text: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(text)), Buffer.from(text)]);
}
