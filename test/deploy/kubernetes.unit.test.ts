import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { httpApp } from '../../src/http/server.ts';
import { loadSettings, SETTINGS } from '../../src/settings/index.ts';

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
}

interface Container {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

const text = readFileSync(new URL('../../deploy/kubernetes/deployment.yml', import.meta.url), 'utf8');
const documents = parseAllDocuments(text);
const [deployment, job] = documents.map((document) => document.toJS());
const podOf = (of: {
  spec: { template: { spec: { containers: Container[]; terminationGracePeriodSeconds: number } } };
}) => of.spec.template.spec;

test('the example for Kubernetes is YAML of a Deployment that selects its own pods, and a Job', () => {
  expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
  expect([deployment.kind, job.kind]).toEqual(['Deployment', 'Job']);
  expect(deployment.spec.template.metadata.labels).toEqual(deployment.spec.selector.matchLabels);
});

test('probes of the example ask for paths and a port that are there, also where a token is set', async () => {
  const [container] = podOf(deployment).containers;
  const [port] = container!.ports!;
  expect(port!.containerPort).toBe(SETTINGS['http.port'].default);
  const http = { ...loadSettings({ cwd: '/' }).settings.http, token: 'long-enough-to-be-one' };
  const metrics = { contentType: 'text/plain', text: async () => '' };
  const app = httpApp(http, { live: () => null, ready: () => null, metrics }, {} as never);
  for (const probe of [container!.startupProbe, container!.livenessProbe, container!.readinessProbe]) {
    expect(probe.httpGet.port).toBe(port!.name);
    expect((await app.inject({ url: probe.httpGet.path, headers: { host: '10.0.0.7:9464' } })).statusCode).toBe(200);
  }
  await app.close();
});

test('the example gives a processor more time to end in than it takes', () => {
  // LONGEST_STOP and what follows it in processor.ts: 8 + 1 + 4 + 2 seconds.
  expect(podOf(deployment).terminationGracePeriodSeconds).toBeGreaterThan(15);
});

test('settings in the example exist', () => {
  const known = new Set(Object.values(SETTINGS).flatMap(({ env, secret }) => (secret ? [env, `${env}_FILE`] : [env])));
  const named = [deployment, job].flatMap((of) =>
    podOf(of).containers.flatMap(({ env }) => env.map(({ name }) => name)),
  );
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test.each([deployment, job])('a $kind of the example runs with no more rights than it needs', ({ spec }) => {
  const pod = spec.template.spec;
  expect(pod).toMatchObject({
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  });
  for (const { securityContext } of pod.containers) {
    expect(securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
});
