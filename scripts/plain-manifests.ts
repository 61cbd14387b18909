/** The manifests in deploy/kubernetes: the chart with the values of the example, without what is Helm's alone. */
import { parseAllDocuments, type Document } from 'yaml';
import { CHART, digestOfChart, EXAMPLE } from './chart.ts';
import { helm } from './helm.ts';

const SETUP = `# Migrations, topics and schemas: before tidemark.yml at first, and before another version of it. A Job cannot be changed, so
# the one before is removed first:
#
#   kubectl delete --ignore-not-found -f setup.yml && kubectl apply -f setup.yml
#   kubectl wait --for=condition=complete --timeout=5m job/tidemark-setup && kubectl apply -f tidemark.yml
#
# "Upgrade" in docs/OPERATIONS.md says when instances have to be stopped before it.
`;
const TIDEMARK = `# The processors, once setup.yml is done. A change of the settings below needs \`kubectl rollout restart deployment/tidemark\`.
`;

/** By name of file. @throws Error with what Helm says; NotToBeHad */
export function plainManifests(): Record<string, string> {
  const { ok, stdout, stderr } = helm(['template', 'tidemark', CHART, '--values', EXAMPLE, '--set', 'setup.hook=false']);
  if (!ok) throw new Error(stderr);
  const documents = parseAllDocuments(stdout);
  const ofSetup = (document: Document) => document.getIn(['metadata', 'name']) === 'tidemark-setup';
  return {
    'setup.yml': written(SETUP, documents.filter(ofSetup)),
    'tidemark.yml': written(
      TIDEMARK,
      documents.filter((document) => !ofSetup(document)),
    ),
  };
}

function written(head: string, documents: readonly Document[]): string {
  const made = `# An example: adapt names, image and resources, or use the chart in deploy/helm, of which \`npm run docs:kubernetes\` made it.
# chart ${digestOfChart()}
`;
  return `${head}${made}${documents.map((document) => `---\n${plain(document)}`).join('')}`;
}

function plain(document: Document): string {
  for (const label of ['app.kubernetes.io/managed-by', 'helm.sh/chart']) document.deleteIn(['metadata', 'labels', label]);
  return document
    .toString({ lineWidth: 0, directives: false })
    .replace(/^(---\n)?# Source: .*\n/gm, '')
    .trim()
    .concat('\n');
}
