/** The manifests in deploy/kubernetes: the chart with the example's values, without what only Helm needs. */
import { CHART, digestOfChart, EXAMPLE } from './chart.ts';
import { helm } from './helm.ts';

const SETUP = `# Migrations, topics and schemas: before tidemark.yml at first, and before another version of it. A Job cannot be changed, so
# the one before is removed first:
#
#   kubectl delete --ignore-not-found -f setup.yml && kubectl apply -f setup.yml
#   kubectl wait --for=condition=complete --timeout=5m job/tidemark-setup && kubectl apply -f tidemark.yml
#
# "Upgrade" in docs/OPERATIONS.md says when instances have to be stopped before it. Both take a Secret named tidemark, which is
# yours to make.
`;
const TIDEMARK = `# The processors, once setup.yml is done. A change of the settings below needs \`kubectl rollout restart deployment/tidemark\`.
`;
const OF_HELM = /^ +(app\.kubernetes\.io\/managed-by|helm\.sh\/chart): .*\n|^# Source: .*\n/gm;

/** Manifests by name of file. @throws Error with Helm's message; NotToBeHad */
export function plainManifests(): Record<string, string> {
  const { ok, stdout, stderr } = helm([
    'template',
    'tidemark',
    CHART,
    '--values',
    EXAMPLE,
    '--set',
    'setup.hook=false',
  ]);
  if (!ok) throw new Error(stderr);
  const manifests = stdout.split(/^---\n/m).filter((manifest) => manifest.trim() !== '');
  const isOfSetup = (manifest: string) => /^ {2}name: tidemark-setup$/m.test(manifest);
  return {
    'setup.yml': written(SETUP, manifests.filter(isOfSetup)),
    'tidemark.yml': written(
      TIDEMARK,
      manifests.filter((manifest) => !isOfSetup(manifest)),
    ),
  };
}

function written(head: string, manifests: readonly string[]): string {
  const made = `# An example: adapt names, image and resources, or use the chart in deploy/helm, of which \`npm run docs:kubernetes\` made it.
# chart ${digestOfChart()}
`;
  const plain = manifests.map((manifest) => `---\n${manifest.replace(OF_HELM, '').trim()}\n`);
  return `${head}${made}${plain.join('')}`;
}
