import type { Logger } from 'pino';
import { CannotGoOn, messageOf } from '../ports/errors.ts';
import type { Settings } from '../settings/index.ts';
import { Registry, RegistryRefused, RegistryUnreachable, subjectOf } from '../wire/registry.ts';
import { VISIT_ENDED_SCHEMA } from '../wire/schemas.ts';

/**
 * Checks that the registry lets us in. One that does not answer keeps nothing from starting: schemas that were needed before
 * are in Postgres.
 * @throws CannotGoOn where it refuses us; UnusableFile
 */
export async function checkRegistry({ registry, input, output }: Settings, logger: Logger): Promise<void> {
  if (input.format !== 'avro') return;
  try {
    await new Registry(registry).lookup(subjectOf(output.topic), VISIT_ENDED_SCHEMA);
  } catch (error) {
    if (error instanceof RegistryRefused && LOGIN.has(error.status))
      throw new CannotGoOn(error.message, { cause: error });
    if (!(error instanceof RegistryRefused || error instanceof RegistryUnreachable)) throw error;
    const text = 'the schema registry gives no answer: records of schemas that were not met before will wait for it';
    logger.warn({ err: messageOf(error) }, text);
  }
}

const LOGIN = new Set([401, 403]);
