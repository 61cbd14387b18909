import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Parts } from '../../support/parts.ts';
import { askRegistry } from '../../support/registry.ts';

type Registry = Pick<Parts, 'registryUrl' | 'env'>;

/** A proxy of the schema registry that can be shut: then it answers 503, like a registry that has lost its storage. */
export class RegistryDoor {
  readonly #server: Server;
  readonly #registry: Registry;
  isOpen = true;

  static async open(registry: Registry): Promise<RegistryDoor> {
    const door = new RegistryDoor(registry);
    await new Promise<void>((resolve) => door.#server.listen(0, '127.0.0.1', resolve));
    return door;
  }

  private constructor(registry: Registry) {
    this.#registry = registry;
    this.#server = createServer(async (request, response) => {
      if (!this.isOpen) return response.writeHead(503).end();
      const { url = '/', method = 'GET' } = request;
      const answer = await askRegistry(this.#registry, method, url, method === 'GET' ? null : await text(request));
      return response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.text);
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
