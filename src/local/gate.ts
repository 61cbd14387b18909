import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Certificate } from './authority.ts';

export interface GateOptions {
  readonly port: number;
  /** Port on 127.0.0.1 of the plain server behind it. */
  readonly to: number;
  readonly certificate: Certificate;
  /** File of the authority; a client with a certificate of it needs no other credentials. */
  readonly ca: string;
  readonly username: string;
  readonly password: string;
  readonly token: string;
}

/** A TLS proxy in front of a plain HTTP server, which asks for user and password, token or client certificate. */
export class Gate {
  readonly #server: Server;
  readonly #options: GateOptions;

  private constructor(server: Server, options: GateOptions) {
    this.#server = server;
    this.#options = options;
    server.on('request', (asked: IncomingMessage, answer: ServerResponse) => {
      if (this.#mayPass(asked)) pass(asked, answer, options.to);
      else answer.writeHead(401, { 'WWW-Authenticate': 'Basic realm="registry"' }).end('{"message":"Unauthorized"}');
    });
  }

  static async open(options: GateOptions): Promise<Gate> {
    const { certificate } = options;
    const [cert, key, ca] = await Promise.all([certificate.cert, certificate.key, options.ca].map((f) => readFile(f)));
    const server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: false });
    const gate = new Gate(server, options);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, '127.0.0.1', resolve);
    });
    // Like the parts, it does not keep its owner from ending.
    server.unref();
    server.on('secureConnection', (socket: TLSSocket) => socket.unref());
    return gate;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #mayPass(asked: IncomingMessage): boolean {
    const { username, password, token } = this.#options;
    const basic = Buffer.from(`${username}:${password}`).toString('base64');
    const given = asked.headers.authorization;
    if (given !== undefined) return given === `Basic ${basic}` || given === `Bearer ${token}`;
    return (asked.socket as TLSSocket).authorized;
  }
}

function pass(asked: IncomingMessage, answer: ServerResponse, port: number): void {
  const { authorization: _, ...headers } = asked.headers;
  const { method, url: path } = asked;
  const onward = request({ host: '127.0.0.1', port, method, path, headers }, (came) => {
    answer.writeHead(came.statusCode ?? 502, came.headers);
    came.pipe(answer);
    came.once('error', () => answer.destroy());
  });
  onward.once('error', () => {
    // The server behind it is away, or went away while it answered.
    if (answer.headersSent) answer.destroy();
    else answer.writeHead(502).end('{"message":"Bad Gateway"}');
  });
  answer.once('close', () => onward.destroy());
  asked.pipe(onward);
}
