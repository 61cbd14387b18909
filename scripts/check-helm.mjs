// Checks the chart in deploy/helm with Helm's own lint; checks what it renders, with the values in test/deploy/values, against the
// schemas of Kubernetes, the level `restricted` of Pod Security and the program's settings; and checks that it refuses what it has
// to, and that the manifests in deploy/kubernetes are what it renders. Fetches Helm (Go compiles it) and kubernetes-validate (pip)
// once, into ~/.cache/tidemark.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { CHART, EXAMPLE } from './chart.ts';
import { helm, NotToBeHad, validate } from './helm.ts';
import { plainManifests } from './plain-manifests.ts';
import { refusedByRestricted } from './pod-security.ts';
import { problemsOf } from './rendered-settings.ts';

/** The oldest version that the chart is for, by its kubeVersion, and the newest that the validator knows. */
const VERSIONS = ['1.27', '1.37'];
/** Kinds of operators: Kubernetes' schemas do not have them. */
const FOREIGN = ['PodMonitor'];
/** Values that are refused, as --set over those of the example, and the words of the error. */
const REFUSED = [
  [['image.repository='], /image\.repository: say where your image is/],
  [['settings.kafka.brokers=null'], /settings\.kafka\.brokers: say which brokers/],
  [['files.database\\.url=null'], /files\.database\.url: say which Secret/],
  [['settings.kafka\\.tls=true'], /settings: kafka\.tls stands there twice/],
  [['settings.kafka.tls_ca=/ca.crt'], /kafka\.tls_ca stands in settings, and kafka\.tls_ca in files/],
  [
    ['files.database\\.url=null', 'settings.database.url=postgres://a:b@db/d'],
    /settings\.database\.url has a password in it/,
  ],
  [['settings.kafka.sasl.password=secret'], /settings\/kafka\/sasl': additional properties 'password' not allowed/],
  [['settings.visit.gab=20m'], /settings\/visit': additional properties 'gab' not allowed/],
  [['settings.visit.gap=soon'], /settings\/visit\/gap'/],
  [['files.visit\\.gap.secret=a'], /files': additional properties 'visit\.gap' not allowed/],
  [['files.http\\.token.configMap=a'], /files\/http\.token'/],
  [['replica=3'], /additional properties 'replica' not allowed/],
  [['replicas=-1'], /replicas': minimum/],
  [['terminationGracePeriodSeconds=10'], /terminationGracePeriodSeconds': minimum/],
];

const values = fileURLToPath(new URL('../test/deploy/values', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'tidemark-helm-'));
const wrong = [];
let documents = 0;
try {
  const sets = [EXAMPLE, ...readdirSync(values).map((name) => join(values, name))];
  // The defaults alone have no brokers and no image: lint ignores that.
  for (const set of [null, ...sets]) lint(set);
  for (const set of sets) checkRendered(set);
  checkValid();
  for (const [sets, words] of REFUSED) checkRefused(sets, words);
  checkFresh();
} catch (error) {
  if (!(error instanceof NotToBeHad)) throw error;
  console.error(`check-helm: ${error.message}`);
  process.exitCode = 3;
} finally {
  rmSync(directory, { recursive: true });
}
for (const line of wrong) console.error(`check-helm: ${line}`);
if (wrong.length > 0) process.exitCode = 1;
else if (!process.exitCode) {
  console.log(
    `${documents} manifests of the chart are valid for Kubernetes ${VERSIONS.join(' and ')}, but for ${FOREIGN}, which no schema here knows`,
  );
}

function lint(set) {
  const { ok, stdout, stderr } = helm(['lint', '--strict', '--quiet', CHART, ...(set ? ['--values', set] : [])]);
  if (!ok) wrong.push(`lint with ${set ?? 'no values'}: ${stdout}${stderr}`);
}

function checkRendered(set) {
  const of = basename(set);
  const { ok, stdout, stderr } = helm(['template', 'tidemark', CHART, '--values', set]);
  if (!ok) return wrong.push(`${of}: ${stderr}`);
  const rendered = parseAllDocuments(stdout).map((document) => document.toJS());
  for (const resource of rendered) checkResource(resource, of);
  for (const problem of problemsOf(rendered)) wrong.push(`${of}: ${problem}`);
}

function checkResource(resource, of) {
  const named = `${of}: ${resource.kind} ${resource.metadata.name}`;
  documents += 1;
  for (const refused of refusedByRestricted(resource.spec?.template?.spec ?? {})) wrong.push(`${named}: ${refused}`);
  if (FOREIGN.includes(resource.kind)) return;
  const file = join(directory, `${of}-${resource.kind}-${resource.metadata.name}.json`);
  writeFileSync(file, JSON.stringify(resource));
}

function checkValid() {
  const files = readdirSync(directory).map((name) => join(directory, name));
  for (const version of VERSIONS) {
    const { ok, stdout, stderr } = validate(files, version);
    if (!ok) wrong.push(`by Kubernetes ${version}: ${stdout}${stderr}`);
  }
}

function checkRefused(sets, words) {
  const given = sets.flatMap((one) => ['--set', one]);
  const { ok, stderr } = helm(['template', 'tidemark', CHART, '--values', EXAMPLE, ...given]);
  if (ok) wrong.push(`${sets.join(', ')} is taken`);
  else if (!words.test(stderr)) wrong.push(`${sets.join(', ')} is refused without ${words}: ${stderr}`);
}

function checkFresh() {
  const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
  for (const [name, content] of Object.entries(plainManifests())) {
    const path = `deploy/kubernetes/${name}`;
    if (read(path) !== content) wrong.push(`${path} is stale: npm run docs:kubernetes`);
  }
}
