import type { Settings } from '../../settings/index.ts';
import { Registry, RegistryRefused, subjectOf } from '../../wire/registry.ts';
import { TRACK_EVENT_SCHEMA, VISIT_ENDED_SCHEMA } from '../../wire/schemas.ts';
import { Failure } from '../failure.ts';
import type { Finding } from './finding.ts';

export interface Schemas {
  readonly findings: readonly Finding[];
  /** Registry id of the output's schema; null: not registered. */
  readonly outputSchemaId: number | null;
}

/**
 * Registers the schemas that producers write and consumers read. The input's subject belongs to its producers: where it has a
 * version, setup leaves it alone, because compatible evolutions are read whatever their id.
 */
export async function setUpSchemas({ registry, input, output }: Settings, check: boolean): Promise<Schemas> {
  const client = new Registry(registry);
  const findings: Finding[] = [];
  if (input.format === 'avro') findings.push(await ofInput(client, subjectOf(input.topic), check));

  const subject = subjectOf(output.topic);
  const what = `schema VisitEnded under ${subject}`;
  const found = await client.lookup(subject, VISIT_ENDED_SCHEMA);
  if (found !== null) findings.push({ state: 'exists', what, detail: `id ${found.id}` });
  if (found !== null || check) {
    if (found === null) findings.push({ state: 'missing', what });
    return { findings, outputSchemaId: found?.id ?? null };
  }
  const id = await register(client, subject, VISIT_ENDED_SCHEMA, 'output.topic');
  findings.push({ state: 'made', what, detail: `id ${id}` });
  return { findings, outputSchemaId: id };
}

async function ofInput(client: Registry, subject: string, check: boolean): Promise<Finding> {
  const what = `schema TrackEvent under ${subject}`;
  const found = await client.lookup(subject, TRACK_EVENT_SCHEMA);
  if (found !== null) return { state: 'exists', what, detail: `id ${found.id}` };
  const latest = await client.latest(subject);
  if (latest !== null) {
    const detail = `version ${latest.version} is another; records are read if theirs is a compatible evolution`;
    return { state: 'differs', what, detail };
  }
  if (check) return { state: 'missing', what };
  return { state: 'made', what, detail: `id ${await register(client, subject, TRACK_EVENT_SCHEMA, 'input.topic')}` };
}

async function register(client: Registry, subject: string, schema: string, setting: string): Promise<number> {
  try {
    return await client.register(subject, schema);
  } catch (error) {
    if (!(error instanceof RegistryRefused) || error.status !== 409) throw error;
    const message = `${error.message}. ${subject} holds a schema that ours does not follow from: set ${setting} to a topic of its own`;
    throw new Failure(1, message, { cause: error });
  }
}
