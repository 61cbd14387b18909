import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { Access } from '../../src/local/access.ts';

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The schema registry as somebody else's client sees it, past all proxies. */
export class RegistryClient {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  /** Id under which it keeps the schema, which it has from then on. */
  async register(subject: string, schema: string): Promise<number> {
    return await this.#id(`/subjects/${subject}/versions`, schema);
  }

  /** Id of a schema that it has. */
  async idOf(subject: string, schema: string): Promise<number> {
    return await this.#id(`/subjects/${subject}`, schema);
  }

  /** null: there is no such schema. */
  async schemaOf(id: number): Promise<string | null> {
    const { status, text } = await this.#ask('GET', `/schemas/ids/${id}`);
    if (status === 404) return null;
    if (status !== 200) throw new Error(`the registry does not tell schema ${id}: ${text}`);
    return (JSON.parse(text) as { schema: string }).schema;
  }

  async #id(path: string, schema: string): Promise<number> {
    const { status, text } = await this.#ask('POST', path, JSON.stringify({ schema }));
    if (status !== 200) throw new Error(`the registry does not tell the id at ${path}: ${text}`);
    return (JSON.parse(text) as { id: number }).id;
  }

  #ask(method: string, path: string, body = ''): Promise<Answer> {
    const { registry, ca } = this.#access;
    const auth = `${registry.username}:${registry.password}`;
    const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' };
    return new Promise((resolve, reject) => {
      const asked = request(`${registry.url}${path}`, { method, headers, auth, ca: readFileSync(ca) }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', reject);
        answer.once('end', () => resolve({ status: answer.statusCode!, text: Buffer.concat(chunks).toString() }));
      });
      asked.once('error', reject);
      asked.end(body);
    });
  }
}
