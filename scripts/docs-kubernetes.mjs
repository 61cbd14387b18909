// Writes the manifests in deploy/kubernetes from the chart in deploy/helm, and the chart's schema of `settings` and `files` from the
// settings' declaration. Takes Helm, or Go to compile it with.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHART, withSettings } from './chart.ts';
import { plainManifests } from './plain-manifests.ts';

const schema = join(CHART, 'values.schema.json');
writeFileSync(schema, withSettings(readFileSync(schema, 'utf8')));
for (const [name, content] of Object.entries(plainManifests())) {
  writeFileSync(new URL(`../deploy/kubernetes/${name}`, import.meta.url), content);
}
