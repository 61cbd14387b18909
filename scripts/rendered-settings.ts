/** Checks that the program accepts the settings in rendered manifests. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { loadSettings, SettingsError } from '../src/settings/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: resources as they were read from YAML
type Json = any;

/** Content for a file that is mounted from a Secret: made up, but of the right form. */
function contentOf(path: string): string {
  if (path === 'database.url') return 'postgres://tidemark:secret@db:5432/tidemark';
  if (path === 'registry.url') return 'https://registry:8081';
  if (/_(ca|cert)$/.test(path)) return rootCertificates[0]!;
  if (path.endsWith('_key')) return KEY.export({ type: 'pkcs8', format: 'pem' }) as string;
  return 'something';
}

const KEY = generateKeyPairSync('ed25519').privateKey;
/** A made-up certificate and key do not match, which is no fault of the manifests. */
const MADE_UP = /do not go together/;

/** The program's errors for the settings of each pod in these resources; none if it would start with them. */
export function problemsOf(resources: readonly Json[]): string[] {
  return resources
    .filter(({ spec }) => spec?.template !== undefined)
    .flatMap((resource) => problemsOfPod(resource, resources).map((problem) => `${resource.kind}: ${problem}`));
}

function problemsOfPod({ spec }: Json, resources: readonly Json[]): string[] {
  const { volumes, containers } = spec.template.spec;
  const root = mkdtempSync(join(tmpdir(), 'tidemark-rendered-'));
  try {
    const env: NodeJS.ProcessEnv = {};
    for (const { volumeMounts } of containers) {
      for (const { name, mountPath } of volumeMounts) {
        const files = filesIn(
          volumes.find((volume: Json) => volume.name === name),
          resources,
        );
        mkdirSync(join(root, mountPath), { recursive: true });
        for (const [path, content] of Object.entries(files)) {
          writeFileSync(join(root, mountPath, path), content.replaceAll(MOUNTED, `${root}$1`));
        }
      }
    }
    for (const { name, value } of containers[0].env) env[name] = value.replace(MOUNTED, `${root}$1`);
    loadSettings({ env, cwd: root });
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.problems.filter((problem) => !MADE_UP.test(problem));
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** The directories in which the chart mounts files. */
const MOUNTED = /(?<![\w/])(\/(?:run\/secrets|etc)\/tidemark\/)/g;

/** File contents by path: a ConfigMap's where it is known, and made-up ones for the rest. */
function filesIn(volume: Json, resources: readonly Json[]): Record<string, string> {
  const sources = volume.projected?.sources ?? [volume];
  return Object.assign({}, ...sources.map(filesOf));

  function filesOf({ configMap, secret }: Json): Record<string, string> {
    const known = resources.find((one) => one.kind === 'ConfigMap' && one.metadata.name === configMap?.name);
    if (known !== undefined) return known.data;
    const { items } = configMap ?? secret ?? {};
    return Object.fromEntries((items ?? []).map(({ path }: Json) => [path, contentOf(path)]));
  }
}
