// Writes the manifests in deploy/kubernetes from the chart in deploy/helm. Needs Helm, or Go to compile it.
import { writeFileSync } from 'node:fs';
import { plainManifests } from './plain-manifests.ts';

for (const [name, content] of Object.entries(plainManifests())) {
  writeFileSync(new URL(`../deploy/kubernetes/${name}`, import.meta.url), content);
}
