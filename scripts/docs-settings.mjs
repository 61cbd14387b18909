// Writes docs/SETTINGS.md, and schemas/tidemark.schema.json for editors, from the settings' declaration.
import { writeFileSync } from 'node:fs';
import { settingsMarkdown } from '../src/settings/docs.ts';
import { settingsJsonSchema } from '../src/settings/json-schema.ts';

const write = (path, content) => writeFileSync(new URL(`../${path}`, import.meta.url), content);
write('docs/SETTINGS.md', settingsMarkdown());
write('schemas/tidemark.schema.json', `${JSON.stringify(settingsJsonSchema(), null, 2)}\n`);
