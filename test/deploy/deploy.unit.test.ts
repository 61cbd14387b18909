import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { Metrics } from '../../src/metrics/index.ts';
import { type Alert, alerts, dashboard, figures, selectors } from './support/expressions.ts';

const named = (exprs: readonly string[]) =>
  [...new Set(exprs.flatMap(selectors).map((selector) => selector.split('{')[0]!))].sort();

/** Names of all series that `/metrics` may show, those of histograms with their suffixes. */
async function exported(): Promise<Set<string>> {
  const text = await new Metrics({ version: '0', reports: () => [] }).text();
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(
    types.flatMap(([, name, type]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => `${name}${end}`) : [`${name}`, `${name}_sum`],
    ),
  );
}

describe('deploy/', () => {
  test('the dashboard names no metric that is not exported', async () => {
    const there = await exported();
    const names = named(figures().map(({ expr }) => expr));
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name) => !there.has(name))).toEqual([]);
  });

  test('the alerts name no metric that is not exported', async () => {
    const there = await exported();
    const names = named(alerts().map(({ expr }) => expr));
    expect(names.length).toBeGreaterThan(15);
    expect(names.filter((name) => !there.has(name))).toEqual([]);
  });

  test('every panel of the dashboard says what it shows, takes the chosen data source and job, and has a place of its own', () => {
    const { panels, templating } = dashboard();
    expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'namespace', 'job', 'instance']);
    for (const { type, multi, includeAll, allValue } of templating.list.slice(1)) {
      // "All" has to include series without such a label, as there are no namespaces outside of Kubernetes.
      expect([type, multi, includeAll, allValue]).toEqual(['query', true, true, '.*']);
    }
    const chosen = ['namespace', 'job', 'instance'].map((name) => `${name}=~"$${name}"`);
    const shown = panels.filter(({ type }) => type !== 'row');
    for (const panel of shown) {
      expect(`${panel.title}: ${panel.description ?? ''}`).toMatch(/: .+\.$/);
      const { datasource, targets } = panel as unknown as { datasource: { uid: string }; targets: { expr: string }[] };
      expect([panel.title, datasource.uid]).toEqual([panel.title, '$' + '{datasource}']);
      for (const { expr } of targets) {
        const all = selectors(expr);
        expect(all.filter((one) => !chosen.every((matcher) => one.includes(matcher)))).toEqual([]);
      }
    }
    const cells = panels.flatMap((panel) => {
      const { x, y, w, h } = panel.gridPos as Record<'x' | 'y' | 'w' | 'h', number>;
      return Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  test('a rate by the second has a unit that says so, and nothing else has', () => {
    const seconds = new Set(['recps', 'cps', 'eps', 'mps']);
    const isRate = (expr: string) =>
      /^sum(?: by \(\w+\) )?\(rate\([^/]*\)\)$/.test(expr) && !expr.includes('_seconds_total');
    const figuresOf = dashboard().panels.filter(({ type }) => type !== 'row') as unknown as {
      title: string;
      targets: { expr: string }[];
      fieldConfig: { defaults: { unit: string } };
    }[];
    const rates = figuresOf.filter(({ targets }) => targets.every(({ expr }) => isRate(expr)));
    expect(rates.length).toBeGreaterThan(5);
    expect(figuresOf.filter((panel) => seconds.has(panel.fieldConfig.defaults.unit))).toEqual(rates);
  });

  test('every alert says how bad it is and has an entry in the runbook, which has none of an alert that is not there', () => {
    const runbook = readFileSync(new URL('../../docs/OPERATIONS.md', import.meta.url), 'utf8');
    const entries = [...runbook.matchAll(/^### (Tidemark\w+)$/gm)].map(([, name]) => name!);
    const rules = alerts();
    expect(entries).toEqual(rules.map(({ alert }) => alert));
    for (const { alert, labels, annotations } of rules) {
      expect([alert, annotations.runbook_url]).toEqual([alert, `docs/OPERATIONS.md#${alert.toLowerCase()}`]);
      expect(['critical', 'warning']).toContain(labels.severity);
      expect(`${alert}: ${annotations.summary}; ${annotations.description}`).toMatch(/: .+; .+\.$/);
    }
  });

  test('`npm run alerts` gives the same rules, whose links are entries of the runbook at its address', () => {
    const base = 'https://wiki.example/tidemark/OPERATIONS.md';
    const { status, stdout } = printAlerts({ TIDEMARK_RUNBOOK_BASE_URL: base });
    expect(status).toBe(0);
    const { groups } = parse(stdout) as { groups: { rules: Alert[] }[] };
    const entry = ({ alert }: Alert) => `#${alert.toLowerCase()}`;
    const linked = alerts().map((rule) => ({
      ...rule,
      annotations: { ...rule.annotations, runbook_url: `${base}${entry(rule)}` },
    }));
    expect(groups.flatMap(({ rules }) => rules)).toEqual(linked);
  });

  test('`npm run alerts` gives no rules without an address, and says what to set', () => {
    const { status, stdout, stderr } = printAlerts({});
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('TIDEMARK_RUNBOOK_BASE_URL');
  });
});

function printAlerts(env: Readonly<Record<string, string>>) {
  const script = fileURLToPath(new URL('../../scripts/alerts.mjs', import.meta.url));
  return spawnSync(process.execPath, [script], {
    env,
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
  });
}
