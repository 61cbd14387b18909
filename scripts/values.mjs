// Writes what follows from the declaration of a visit's values and from the schemas: see src/core/rules/values.ts.
import { writeFileSync } from 'node:fs';
import { written } from './values/written.ts';

for (const [path, content] of written()) writeFileSync(new URL(`../${path}`, import.meta.url), content);
