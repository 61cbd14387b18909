// Writes docs/asyncapi.yaml from the schemas, the settings' defaults and what `setup` makes of them.
import { writeFileSync } from 'node:fs';
import { asyncApiYaml } from './asyncapi.ts';

writeFileSync(new URL('../docs/asyncapi.yaml', import.meta.url), await asyncApiYaml());
