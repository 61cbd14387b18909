import type { Settings } from '../settings/index.ts';
import { Failure, reach } from './failure.ts';

/** What `setup` and `simulate` ask of a schema registry that speaks the Confluent API. */
export class RegistryClient {
  private readonly base: string;
  private readonly headers: Record<string, string>;

  constructor({ url, username, password }: Settings['registry']) {
    const { origin, pathname, username: user, password: pass } = new URL(url);
    this.base = `${origin}${pathname.replace(/\/$/, '')}`;
    const login = username !== null ? `${username}:${password}` : user ? decodeURIComponent(`${user}:${pass}`) : null;
    this.headers = {
      accept: 'application/vnd.schemaregistry.v1+json, application/json',
      'content-type': 'application/vnd.schemaregistry.v1+json',
      ...(login === null ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
    };
  }

  /** Id of this schema under the subject; null if it is not registered there. */
  async find(subject: string, schema: string): Promise<number | null> {
    const answer = await this.ask('POST', `/subjects/${encodeURIComponent(subject)}`, { schema });
    return answer.status === 404 ? null : answer.body.id!;
  }

  /** Whether the subject has any version. */
  async has(subject: string): Promise<boolean> {
    const answer = await this.ask('GET', `/subjects/${encodeURIComponent(subject)}/versions`);
    return answer.status !== 404;
  }

  /** Whether the registry would take the schema as the subject's next version. */
  async isCompatible(subject: string, schema: string): Promise<boolean> {
    const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions/latest`;
    const answer = await this.ask('POST', path, { schema });
    return answer.status === 404 || answer.body.is_compatible === true;
  }

  /** @returns the schema's id. @throws Failure if the registry refuses it. */
  async register(subject: string, schema: string): Promise<number> {
    const answer = await this.ask('POST', `/subjects/${encodeURIComponent(subject)}/versions`, { schema }, [409]);
    if (answer.status !== 409) return answer.body.id!;
    throw new Failure(1, `the registry refuses the schema for ${subject}: ${answer.body.message ?? 'incompatible'}`);
  }

  private ask(method: string, path: string, body?: unknown, also: number[] = []): Promise<Answer> {
    return reach(`the schema registry at ${this.base}`, 'registry.url (SCHEMA_REGISTRY_URL)', async () => {
      const response = await fetch(`${this.base}${path}`, {
        method,
        headers: this.headers,
        signal: AbortSignal.timeout(10_000),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }).catch((error: Error) => {
        if (error.name !== 'TimeoutError') throw error;
        throw new Failure(3, `the schema registry at ${this.base} did not answer within 10 s`, { cause: error });
      });
      const text = await response.text();
      if (response.ok || response.status === 404 || also.includes(response.status)) {
        return { status: response.status, body: parse(text) };
      }
      if (response.status === 401 || response.status === 403) {
        throw new Failure(
          3,
          `the schema registry at ${this.base} does not let us in (${response.status}): check registry.username and registry.password`,
        );
      }
      throw new Failure(
        3,
        `the schema registry answered ${method} ${path} with ${response.status}: ${text.slice(0, 500)}`,
      );
    });
  }
}

interface Answer {
  readonly status: number;
  readonly body: { readonly id?: number; readonly message?: string; readonly is_compatible?: boolean };
}

function parse(text: string): Answer['body'] {
  try {
    return JSON.parse(text) as Answer['body'];
  } catch {
    return {};
  }
}
