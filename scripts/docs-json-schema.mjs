// Writes schemas/tidemark.schema.json, by which editors check a settings file, from the settings' declaration.
import { writeFileSync } from 'node:fs';
import { settingsJsonSchema } from '../src/settings/json-schema.ts';

const file = new URL('../schemas/tidemark.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(settingsJsonSchema(), null, 2)}\n`);
