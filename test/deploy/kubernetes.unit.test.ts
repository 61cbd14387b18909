import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse, parseAllDocuments } from 'yaml';
import { digestOfChart, filed, withSettings } from '../../scripts/chart.ts';
import { refusedByRestricted } from '../../scripts/pod-security.ts';
import { problemsOf } from '../../scripts/rendered-settings.ts';
import { httpApp } from '../../src/http/server.ts';
import { KEYS, loadSettings, SETTINGS } from '../../src/settings/index.ts';

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
}

interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly securityContext: object;
}

// biome-ignore lint/suspicious/noExplicitAny: resources as they were read from YAML
type Json = any;

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const text = { setup: read('deploy/kubernetes/setup.yml'), tidemark: read('deploy/kubernetes/tidemark.yml') };
const documents = Object.values(text).map((of) => parseAllDocuments(of));
const [setup, tidemark] = documents.map((of) => of.map((document) => document.toJS() as Json));
const all: Json[] = [...setup!, ...tidemark!];
const one = (kind: string, among: Json[] = all) => among.find((resource) => resource.kind === kind);
const [deployment, job] = [one('Deployment'), one('Job')];
const containerOf = (of: Json): Container => of.spec.template.spec.containers[0];

describe('the manifests for Kubernetes', () => {
  test('are YAML: of setup, and of what it comes before', () => {
    expect(documents.flat().flatMap(({ errors }) => errors)).toEqual([]);
    expect(setup!.map(({ kind }) => kind)).toEqual(['ConfigMap', 'Job']);
    expect(tidemark!.map(({ kind }) => kind).sort()).toEqual([
      'ConfigMap',
      'Deployment',
      'PodDisruptionBudget',
      'Service',
    ]);
    expect([containerOf(job).args, containerOf(deployment).args]).toEqual([['setup'], ['run']]);
  });

  test('are made of the chart as it is: else npm run docs:kubernetes', () => {
    for (const of of Object.values(text)) expect(/^# chart (\S+)$/m.exec(of)?.[1]).toBe(digestOfChart());
  });

  test('say nothing of Helm, which does not apply them', () => {
    for (const { metadata } of all) {
      expect(
        Object.keys({ ...metadata.labels, ...metadata.annotations }).filter((key) => /helm|managed-by/.test(key)),
      ).toEqual([]);
    }
  });

  test('select the pods of the processors, and not those of setup', () => {
    const selectors = [
      deployment.spec.selector.matchLabels,
      one('PodDisruptionBudget').spec.selector.matchLabels,
      one('Service').spec.selector,
    ];
    const selects = (selector: object, { spec }: Json) =>
      Object.entries(selector).every(([key, value]) => spec.template.metadata.labels[key] === value);
    for (const selector of selectors) {
      expect(Object.keys(selector)).not.toEqual([]);
      expect([selects(selector, deployment), selects(selector, job)]).toEqual([true, false]);
    }
  });

  test('have probes that ask for paths and a port that are there, also where a token is set', async () => {
    const container = containerOf(deployment);
    const [port] = container.ports;
    expect(port!.containerPort).toBe(SETTINGS['http.port'].default);
    const http = { ...loadSettings({ cwd: '/' }).settings.http, token: 'long-enough-to-be-one' };
    const metrics = { contentType: 'text/plain', text: async () => '' };
    const app = httpApp(http, { live: () => null, ready: () => null, metrics }, {} as never);
    for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
      expect(probe.httpGet.port).toBe(port!.name);
      expect((await app.inject({ url: probe.httpGet.path, headers: { host: '10.0.0.7:9464' } })).statusCode).toBe(200);
    }
    await app.close();
  });

  test('give a processor more time to end in than it takes', () => {
    // LONGEST_STOP and what follows it in processor.ts: 8 + 1 + 4 + 2 seconds.
    expect(deployment.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(15);
  });

  test('give both programs settings that they take', () => {
    expect(problemsOf(all)).toEqual([]);
    // A fault is detected.
    const broken = structuredClone(all);
    for (const { kind, data } of broken) if (kind === 'ConfigMap') data['tidemark.yaml'] += 'visit.gab: 20m\n';
    expect(problemsOf(broken).join()).toMatch(/^Job: .*visit\.gab.*Deployment: .*visit\.gab/);
  });

  test('have a password neither in a ConfigMap nor in a variable', () => {
    const secrets = new Set(KEYS.filter((key) => SETTINGS[key].secret === true).map((key) => SETTINGS[key].env));
    const plain = new Set(KEYS.filter((key) => SETTINGS[key].secret !== false));
    for (const { data } of all.filter(({ kind }) => kind === 'ConfigMap')) {
      expect(
        Object.keys(parse(data['tidemark.yaml'])).filter((key) => plain.has(key as never) && key !== 'registry.url'),
      ).toEqual([]);
    }
    const named = [deployment, job].flatMap((of) => containerOf(of).env.map(({ name }) => name));
    expect(named).toContain('DATABASE_URL_FILE');
    expect(named.filter((name) => secrets.has(name) || name === 'DATABASE_URL')).toEqual([]);
  });

  test.each([deployment, job])('a $kind runs with no more rights than it needs', ({ spec }) => {
    const pod = spec.template.spec;
    expect(refusedByRestricted(pod)).toEqual([]);
    expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
    for (const { securityContext } of pod.containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  });
});

const RIGHTS = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
const pod = (rights: object, more: object = {}) => ({
  containers: [{ name: 'a', securityContext: { ...RIGHTS, ...rights } }],
  ...more,
});

test.each<[string, Json, RegExp]>([
  ['gains rights', pod({ allowPrivilegeEscalation: undefined }), /allowPrivilegeEscalation/],
  ['keeps capabilities', pod({ capabilities: { drop: ['NET_RAW'] } }), /not all dropped/],
  ['adds one', pod({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } }), /SYS_ADMIN are added/],
  ['may be root', pod({ runAsNonRoot: undefined }), /runAsNonRoot/],
  [
    'may be root, by its container',
    pod({ runAsNonRoot: false }, { securityContext: { runAsNonRoot: true } }),
    /runAsNonRoot/,
  ],
  ['is root', pod({ runAsUser: 0 }), /runAsUser is 0/],
  ['has no seccomp profile', pod({ seccompProfile: undefined }), /seccompProfile is not set/],
  [
    'turns seccomp off for its pod',
    pod({}, { securityContext: { seccompProfile: { type: 'Unconfined' } } }),
    /Unconfined/,
  ],
  ['is privileged', pod({ privileged: true }), /privileged/],
  [
    'mounts the host',
    pod({}, { volumes: [{ name: 'v', hostPath: { path: '/' } }] }),
    /volume v is of the kind hostPath/,
  ],
  ['is on the network of the host', pod({}, { hostNetwork: true }), /hostNetwork/],
  ['has an init container with more', pod({}, { initContainers: [{ name: 'init' }] }), /^init: .*init: /s],
])('a pod that %s is refused by the level restricted', (_, spec, words) => {
  expect(refusedByRestricted(pod({}))).toEqual([]);
  expect(refusedByRestricted(spec).join('\n')).toMatch(words);
});

describe('the chart', () => {
  const schema = read('deploy/helm/tidemark/values.schema.json');
  const accepts = new Ajv({ strict: true, strictTypes: false, strictRequired: false }).compile(JSON.parse(schema));

  test('knows the settings as they are declared: else npm run docs:settings', () => {
    expect(withSettings(schema)).toBe(schema);
  });

  test('is of the version of the program', () => {
    expect(parse(read('deploy/helm/tidemark/Chart.yaml')).appVersion).toBe(JSON.parse(read('package.json')).version);
  });

  test('accepts its own values, those of the example and those of the tests', () => {
    const names = ['everything', 'least', 'login-by-token'].map((name) => `test/deploy/values/${name}.yaml`);
    for (const name of ['deploy/helm/tidemark/values.yaml', 'deploy/helm/example.yaml', ...names]) {
      expect([name, accepts(parse(read(name))), accepts.errors]).toEqual([name, true, null]);
    }
  });

  test('takes no secret among its settings, and each from a file', () => {
    const secrets = KEYS.filter((key) => SETTINGS[key].secret === true);
    expect(secrets).toContain('kafka.sasl.password');
    for (const key of secrets) {
      expect([key, accepts({ settings: { [key]: 'x' } })]).toEqual([key, false]);
      expect([key, accepts({ files: { [key]: { secret: 'a', key: 'b' } } })]).toEqual([key, true]);
    }
    expect(filed()).toEqual(expect.arrayContaining([...secrets, 'database.url', 'registry.url', 'kafka.tls_ca']));
  });

  test('takes every other setting, with dots and in a map', () => {
    for (const key of KEYS.filter((key) => SETTINGS[key].secret !== true)) {
      expect([key, accepts({ settings: { [key]: null } })]).toEqual([key, true]);
      const nested = key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), null);
      expect([key, accepts({ settings: nested })]).toEqual([key, true]);
      expect([key, accepts({ settings: { [`${key}x`]: null } })]).toEqual([key, false]);
    }
  });

  // By these names the templates know how a setting gets the path of its file.
  test('tells by its name whether a setting is a file, a URL or has a sibling that names its file', () => {
    for (const key of filed()) {
      const byName = /_(ca|cert|key)$/.test(key) ? 'file' : key.endsWith('.url') ? 'url' : 'sibling';
      const { secret } = SETTINGS[key];
      expect([key, byName]).toEqual([key, secret === true ? 'sibling' : secret === 'password' ? 'url' : 'file']);
    }
  });

  test('has a default for each value that it knows', () => {
    const known = Object.keys(JSON.parse(schema).properties).filter((name) => name !== 'global');
    expect(Object.keys(parse(read('deploy/helm/tidemark/values.yaml'))).sort()).toEqual(known.sort());
  });
});
