import { Incompatible, parseSchema } from './avro-type.ts';
import { inlineReferences, type Reference } from './registry-references.ts';

/** No answer, or one that says nothing about what was asked: a connection, a timeout, a 5xx. Try again later. */
export class RegistryUnreachable extends Error {
  override readonly name = 'RegistryUnreachable';
}

/** The registry answered and said no: wrong credentials, an incompatible schema. Trying again changes nothing. */
export class RegistryRefused extends Error {
  override readonly name = 'RegistryRefused';
  /** HTTP status; 409 is an incompatible schema. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/**
 * The registry does not know an id, but not our own schema either: it may be another one, or have lost its state. What
 * it does not know now says nothing about a record. Wait and ask again.
 */
export class RegistryUnsure extends Error {
  override readonly name = 'RegistryUnsure';
}

export interface RegistryOptions {
  /** Credentials in it are used where the two below are not given. */
  readonly url: string;
  readonly username?: string | null | undefined;
  readonly password?: string | null | undefined;
  /** ms for one request; default 5,000. */
  readonly timeout?: number;
}

export interface RegisteredSchema {
  readonly id: number;
  readonly version: number;
  /** JSON text. */
  readonly schema: string;
}

interface Answer {
  readonly id?: number;
  readonly version?: number;
  readonly schema?: string;
  readonly schemaType?: string;
  readonly references?: readonly Reference[];
  readonly error_code?: number;
  readonly message?: string;
}

/** The subject of a topic's values (TopicNameStrategy). */
export function subjectOf(topic: string): string {
  return `${topic}-value`;
}

/**
 * What is needed of a Confluent-compatible schema registry. Plain HTTP: the client library's `register` wants to change
 * the subject's compatibility, and its errors do not tell "no answer" from "no". Nothing is retried here.
 */
export class Registry {
  readonly #base: string;
  readonly #headers: Record<string, string>;
  readonly #timeout: number;
  /** A schema of our own that the registry is known to hold: see `RegistryUnsure`. */
  #own: { readonly id: number; readonly schema: string } | null = null;

  constructor(options: RegistryOptions) {
    const url = new URL(options.url);
    const username = options.username || decodeURIComponent(url.username);
    const password = options.password || decodeURIComponent(url.password);
    url.username = '';
    url.password = '';
    this.#base = url.href.replace(/\/+$/, '');
    this.#timeout = options.timeout ?? 5000;
    this.#headers = { accept: 'application/vnd.schemaregistry.v1+json, application/json' };
    if (username) {
      this.#headers.authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    }
  }

  /** Registers a schema, or finds it registered. @returns its id. */
  async register(subject: string, schema: string): Promise<number> {
    const answer = await this.#ask('POST', `/subjects/${encodeURIComponent(subject)}/versions`, { schema });
    const id = idIn(found(answer, `register subject ${subject}`));
    this.#own = { id, schema };
    return id;
  }

  /** @returns null where the subject does not hold this schema. */
  async lookup(subject: string, schema: string): Promise<RegisteredSchema | null> {
    const answer = await this.#ask('POST', `/subjects/${encodeURIComponent(subject)}`, { schema });
    if (answer === null) return null;
    const registered = { id: idIn(answer), version: answer.version ?? 0, schema: answer.schema ?? schema };
    this.#own = { id: registered.id, schema };
    return registered;
  }

  /** @returns null where the subject does not exist. */
  async latest(subject: string): Promise<RegisteredSchema | null> {
    const answer = await this.#ask('GET', `/subjects/${encodeURIComponent(subject)}/versions/latest`);
    return answer && { id: idIn(answer), version: answer.version ?? 0, schema: answer.schema ?? '' };
  }

  /**
   * The schema that records with this id were written with, references put in; what is no Avro is found too, as a text
   * that `AvroDecoder.addWriter` takes for unreadable.
   * @throws RegistryUnsure where the id is not known and our own schema is not known either; `register` or `lookup`
   * must have found that one first.
   */
  async writerSchema(id: number): Promise<{ readonly found: string } | { readonly unknown: true }> {
    const answer = await this.#ask('GET', `/schemas/ids/${id}`);
    if (answer === null) {
      await this.#assureOwn(id);
      return { unknown: true };
    }
    if (answer.schemaType !== undefined && answer.schemaType !== 'AVRO') {
      return { found: JSON.stringify({ schemaType: answer.schemaType }) };
    }
    if (answer.schema === undefined) {
      throw new RegistryUnreachable(
        `${this.#base} answered for schema id ${id} without a schema: is it a schema registry?`,
      );
    }
    if (!answer.references?.length) return { found: answer.schema };
    return {
      found: await inlineReferences(answer.schema, answer.references, (reference) => this.#referenced(reference)),
    };
  }

  async #referenced({ subject, version }: Reference): Promise<{ schema: string; references: readonly Reference[] }> {
    const answer = await this.#ask('GET', `/subjects/${encodeURIComponent(subject)}/versions/${version}`);
    if (answer?.schema === undefined) {
      throw new RegistryUnsure(
        `the schema registry does not know version ${version} of ${subject}, which another refers to`,
      );
    }
    return { schema: answer.schema, references: answer.references ?? [] };
  }

  async #assureOwn(asked: number): Promise<void> {
    const why = `the schema registry at ${this.#base} does not know schema id ${asked}`;
    if (this.#own === null) throw new RegistryUnsure(`${why}, and has not been seen to know ours: run tidemark setup`);
    const answer = await this.#ask('GET', `/schemas/ids/${this.#own.id}`);
    // A registry that lost its state gives ids out again, to other schemas.
    if (answer?.schema === undefined || !isSame(answer.schema, this.#own.schema)) {
      throw new RegistryUnsure(
        `${why}, nor our own (id ${this.#own.id}): it has lost its schemas or is another one; waiting until it has them`,
      );
    }
  }

  /** @returns null for what does not exist (404). */
  async #ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer | null> {
    const where = `schema registry ${this.#base}`;
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.#base + path, {
        method,
        headers: body ? { ...this.#headers, 'content-type': 'application/vnd.schemaregistry.v1+json' } : this.#headers,
        body: body ? JSON.stringify(body) : null,
        signal: AbortSignal.timeout(this.#timeout),
      });
      text = await response.text();
    } catch (error) {
      throw new RegistryUnreachable(
        `${where} gives no answer (${reason(error)}): check registry.url and that it runs`,
        {
          cause: error,
        },
      );
    }
    const answer = parseAnswer(text);
    const { status } = response;
    if (response.ok) {
      if (answer === null)
        throw new RegistryUnreachable(`${where} answered ${path} with no JSON: is it a schema registry?`);
      return answer;
    }
    // A registry says which thing is unknown; a 404 of anything else on that address is no answer of a registry.
    if (status === 404 && String(answer?.error_code ?? '').startsWith('404')) return null;
    const said = `${where} answered ${method} ${path} with ${status}${answer?.message ? `: ${answer.message}` : ''}`;
    if (status === 404 || status === 408 || status === 429 || status >= 500) throw new RegistryUnreachable(said);
    if (status === 401 || status === 403) {
      throw new RegistryRefused(`${said}; check registry.username and registry.password`, status);
    }
    throw new RegistryRefused(said, status);
  }
}

function found(answer: Answer | null, what: string): Answer {
  if (answer === null) throw new RegistryRefused(`the schema registry cannot ${what}: not found`, 404);
  return answer;
}

function idIn(answer: Answer): number {
  if (!Number.isInteger(answer.id)) throw new RegistryUnreachable('the schema registry answered without an id');
  return answer.id!;
}

function parseAnswer(text: string): Answer | null {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? answer : null;
  } catch {
    return null;
  }
}

function isSame(a: string, b: string): boolean {
  try {
    return parseSchema(a, true).equals(parseSchema(b, true));
  } catch (error) {
    if (error instanceof Incompatible) return false;
    throw error;
  }
}

/** What `fetch` says itself is only that it failed; the cause says why. */
function reason(error: unknown): string {
  const { name, message, cause } = error as {
    name?: string;
    message?: string;
    cause?: { message?: string; code?: string };
  };
  if (name === 'TimeoutError') return 'timed out';
  return cause?.message || cause?.code || message || String(error);
}
