import { readFileSync } from 'node:fs';
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Parts } from './parts.ts';

export interface RegistryAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Asks the registry as a client of the tests' own. `fetch` would not trust an authority of one's own. */
export function askRegistry(
  { registryUrl, env }: Pick<Parts, 'registryUrl' | 'env'>,
  method: string,
  path: string,
  body: string | null = null,
): Promise<RegistryAnswer> {
  const { SCHEMA_REGISTRY_TLS_CA: ca, SCHEMA_REGISTRY_USERNAME: user, SCHEMA_REGISTRY_PASSWORD: password } = env;
  const request = registryUrl.startsWith('https:') ? secure : plain;
  const options = {
    method,
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(user === undefined ? {} : { auth: `${user}:${password}` }),
  };
  return new Promise((resolve, reject) => {
    const asked = request(`${registryUrl.replace(/\/$/, '')}${path}`, options, (answer) => {
      const { statusCode: status = 0, headers } = answer;
      text(answer).then((said) => resolve({ status, type: headers['content-type'] ?? '', text: said }), reject);
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

/** @returns the id under which the registry keeps the schema. */
export async function registerSchema(
  parts: Pick<Parts, 'registryUrl' | 'env'>,
  subject: string,
  schema: string,
): Promise<number> {
  const answer = await askRegistry(parts, 'POST', `/subjects/${subject}/versions`, JSON.stringify({ schema }));
  if (answer.status !== 200) throw new Error(`the registry refused a schema under ${subject}: ${answer.text}`);
  return (JSON.parse(answer.text) as { id: number }).id;
}

/** @returns the schema of an id; null where the registry does not know it. */
export async function schemaOf(parts: Pick<Parts, 'registryUrl' | 'env'>, id: number): Promise<string | null> {
  const answer = await askRegistry(parts, 'GET', `/schemas/ids/${id}`);
  if (answer.status === 404) return null;
  if (answer.status !== 200) throw new Error(`the registry does not tell schema ${id}: ${answer.text}`);
  return (JSON.parse(answer.text) as { schema: string }).schema;
}
