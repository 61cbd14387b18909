import type { Agent } from 'node:http';
import { Incompatible, parseSchema } from './avro-type.ts';
import { RegistryRefused, RegistryUnreachable, RegistryUnsure } from './registry-errors.ts';
import { type Answered, type Place, type RegistryAddress, RegistryLink } from './registry-link.ts';
import { inlineReferences, type Reference } from './registry-references.ts';

export { RegistryRefused, RegistryUnreachable, RegistryUnsure };

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
 * the subject's compatibility, and its errors do not tell "no answer" from "no". Nothing is retried here, but at the
 * registry's other addresses.
 */
export class Registry {
  readonly #link: RegistryLink;
  /** A schema of our own that the registry is known to hold: see `RegistryUnsure`. */
  #own: { readonly id: number; readonly schema: string } | null = null;

  /** @throws UnusableFile where a certificate or key cannot be used */
  constructor(address: RegistryAddress) {
    this.#link = new RegistryLink(address);
  }

  /** The address that answered last and what lets us in there, for another client of it. */
  currentAccess(): {
    readonly host: string;
    readonly agent: Agent;
    readonly headers: Readonly<Record<string, string>>;
  } {
    const place = this.#link.inTurn[0]!;
    return { host: place.base, agent: this.#link.freshAgent(place), headers: this.#link.headersOf(place) };
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
        `the schema registry answered for schema id ${id} without a schema: is it a schema registry?`,
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
    const why = `the schema registry at ${this.#link.inTurn[0]!.base} does not know schema id ${asked}`;
    if (this.#own === null) throw new RegistryUnsure(`${why}, and has not been seen to know ours: run tidemark setup`);
    const answer = await this.#ask('GET', `/schemas/ids/${this.#own.id}`);
    // A registry that lost its state gives ids out again, to other schemas.
    if (answer?.schema === undefined || !isSame(answer.schema, this.#own.schema)) {
      throw new RegistryUnsure(
        `${why}, nor our own (id ${this.#own.id}): it has lost its schemas or is another one; waiting until it has them`,
      );
    }
  }

  /** Deletes a subject with all its versions, for good. One that is not there is no error. */
  async remove(subject: string): Promise<void> {
    const path = `/subjects/${encodeURIComponent(subject)}`;
    await this.#ask('DELETE', path);
    await this.#ask('DELETE', `${path}?permanent=true`);
  }

  /**
   * Asks one address after the other until one answers.
   * @returns null for what does not exist (404).
   */
  async #ask<T = Answer>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<T | null> {
    const text = body ? JSON.stringify(body) : null;
    const failures: RegistryUnreachable[] = [];
    for (const place of this.#link.inTurn) {
      try {
        const answer = judge(
          await this.#request(place, method, path, text),
          `${nameOf(place)} answered ${method} ${path}`,
        );
        this.#link.answered(place);
        return answer as T | null;
      } catch (error) {
        if (!(error instanceof RegistryUnreachable)) throw error;
        failures.push(error);
      }
    }
    const [first, ...others] = failures;
    if (others.length === 0) throw first;
    throw new RegistryUnreachable(failures.map(({ message }) => message).join('; '), { cause: first });
  }

  async #request(place: Place, method: string, path: string, body: string | null): Promise<Answered> {
    try {
      return await this.#link.request(place, method, path, body);
    } catch (error) {
      if (['UnusableFile', 'SecretUnreadable'].includes((error as Error).name)) throw error;
      const why = `${nameOf(place)} gives no answer (${reason(error)})`;
      throw new RegistryUnreachable(`${why}: check ${settingFor(error)}`, { cause: error });
    }
  }
}

function nameOf({ base }: Place): string {
  return `schema registry ${base}`;
}

/** @returns null for what does not exist. */
function judge({ status, text, location }: Answered, answered: string): unknown {
  const answer = parseAnswer(text);
  if (status >= 200 && status < 300) {
    if (answer === null) throw new RegistryUnreachable(`${answered} with no JSON: is it a schema registry?`);
    return answer;
  }
  // A registry says which thing is unknown; a 404 of anything else on that address is no answer of a registry.
  if (status === 404 && String(answer?.error_code ?? '').startsWith('404')) return null;
  const why = `${answered} with ${status}${answer?.message ? `: ${answer.message}` : ''}`;
  if (status === 404 || status === 408 || status === 429 || status >= 500) throw new RegistryUnreachable(why);
  if (status === 401) throw new RegistryRefused(`${why}; ${CORRECT_LOGIN}`, status);
  if (status === 403) throw new RegistryRefused(`${why}; grant this user the right to it, or ${CORRECT_LOGIN}`, status);
  if (status >= 300 && status < 400 && location !== null) {
    throw new RegistryRefused(`${why}, to ${location}: set registry.url to where it is`, status);
  }
  throw new RegistryRefused(why, status);
}

const CORRECT_LOGIN = 'correct registry.username and registry.password, or registry.token';

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

function reason(error: unknown): string {
  const { name, message, code, errors } = error as Error & { code?: string; errors?: Error[] };
  if (name === 'TimeoutError' || name === 'AbortError') return 'timed out';
  return message || errors?.map((one) => one.message).join(', ') || code || String(error);
}

/** What to look at where there is no answer: an address, or what is trusted at it. */
function settingFor(error: unknown): string {
  const code = (error as { code?: string }).code ?? '';
  if (/^(SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|CERT_)/.test(code)) {
    return 'registry.tls_ca: the authority that signed its certificate is not among those that are trusted';
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'registry.url: its certificate is for another name';
  if (/^ERR_SSL/.test(code)) return 'registry.url (https or http?), registry.tls_cert and registry.tls_key';
  return 'registry.url and that it runs';
}
