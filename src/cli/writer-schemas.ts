import type { SchemaSource } from '../processor/schemas.ts';
import type { Settings } from '../settings/index.ts';
import { Registry, subjectOf } from '../wire/registry.ts';
import { VISIT_ENDED_SCHEMA } from '../wire/schemas.ts';

/**
 * Writer schemas from the registry. Its answer that an id is unknown counts only once it is known to hold our own schema:
 * another registry, or one that has lost its state, knows none of our producers' either.
 */
export function writerSchemasOf({ registry, output }: Pick<Settings, 'registry' | 'output'>): SchemaSource {
  const client = new Registry(registry);
  let known = false;
  return {
    writerSchema: async (id) => {
      if (!known) known = (await client.lookup(subjectOf(output.topic), VISIT_ENDED_SCHEMA)) !== null;
      const answer = await client.writerSchema(id);
      return 'found' in answer ? answer.found : null;
    },
  };
}
