import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A way to the schema registry that can be shut: then it answers 503, as a registry does that has lost its storage. */
export class RegistryDoor {
  readonly #server: Server;
  readonly #registry: string;
  isOpen = true;

  static async open(registryUrl: string): Promise<RegistryDoor> {
    const door = new RegistryDoor(registryUrl);
    await new Promise<void>((resolve) => door.#server.listen(0, '127.0.0.1', resolve));
    return door;
  }

  private constructor(registryUrl: string) {
    this.#registry = registryUrl.replace(/\/$/, '');
    this.#server = createServer(async (request, response) => {
      if (!this.isOpen) return response.writeHead(503).end();
      const { url, method = 'GET', headers } = request;
      const type = headers['content-type'] ?? 'application/json';
      const body = method === 'GET' ? {} : { body: await text(request) };
      const answer = await fetch(`${this.#registry}${url}`, { method, headers: { 'content-type': type }, ...body });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? type });
      return response.end(await answer.text());
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
