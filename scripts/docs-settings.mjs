// Writes docs/SETTINGS.md, schemas/tidemark.schema.json for editors, and the settings in the chart's values.schema.json, from the
// settings' declaration.
import { readFileSync, writeFileSync } from 'node:fs';
import { settingsMarkdown } from '../src/settings/docs.ts';
import { settingsJsonSchema } from '../src/settings/json-schema.ts';
import { withSettings } from './chart.ts';

const CHART = 'deploy/helm/tidemark/values.schema.json';
const at = (path) => new URL(`../${path}`, import.meta.url);
const write = (path, content) => writeFileSync(at(path), content);
write('docs/SETTINGS.md', settingsMarkdown());
write('schemas/tidemark.schema.json', `${JSON.stringify(settingsJsonSchema(), null, 2)}\n`);
write(CHART, withSettings(readFileSync(at(CHART), 'utf8')));
