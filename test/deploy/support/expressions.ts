import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

export const RULES = 'deploy/prometheus/alerts.yml';
export const DASHBOARD = 'deploy/grafana/tidemark.json';

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Panel {
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  readonly [field: string]: unknown;
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
}

export interface Dashboard {
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

export function alerts(): Alert[] {
  const { groups } = parse(read(RULES)) as { groups: { rules: Alert[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

export function dashboard(): Dashboard {
  return JSON.parse(read(DASHBOARD)) as Dashboard;
}

/** What every panel shows: the expressions of its lines, each with the labels in its legend. */
export function figures(): { readonly panel: string; readonly expr: string; readonly labels: string[] }[] {
  return dashboard().panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      panel: title,
      expr,
      labels: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!),
    })),
  );
}

/** Selectors of an expression: names of metrics, each with its matchers in braces if it has some. */
export function selectors(expr: string): string[] {
  return [...expr.matchAll(/\b(?:tidemark|process|nodejs)_\w+(?:\{[^}]*\})?/g)].map(([selector]) => selector);
}
