import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../../../src/local/ports.ts';
import { until } from '../../support/until.ts';
import { RULES } from './expressions.ts';

/** Why there is no Prometheus on this machine; null if there is. @throws where all parts are required. */
export function whyNoPrometheus(): string | null {
  const { error } = spawnSync('prometheus', ['--version']);
  if (error === undefined) return null;
  const why = 'prometheus is not there: install the package `prometheus`';
  if (process.env.TIDEMARK_STACK === 'required') throw new Error(why);
  return why;
}

/** The values of an expression at a number of moments, one a second. */
export interface History {
  readonly series: readonly Series[];
  readonly steps: number;
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [at: number, value: string])[];
}

/** An alert that is pending or fires. */
export interface Alert {
  readonly name: string;
  readonly severity: string;
  readonly partition: string | null;
}

/** A Prometheus server of the test's own, which scrapes each target once a second, and evaluates the alerts. */
export class Prometheus {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #url: string;
  /** Seconds since the epoch. */
  readonly since = Date.now() / 1_000;

  static async start(): Promise<Prometheus> {
    const directory = await mkdtemp(join(tmpdir(), 'tidemark-prometheus-'));
    const [port] = await freePorts(1);
    const rules = fileURLToPath(new URL(`../../../${RULES}`, import.meta.url));
    const config = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: [
        {
          job_name: 'tidemark',
          file_sd_configs: [{ files: [join(directory, 'targets.json')], refresh_interval: '1s' }],
        },
      ],
    };
    // JSON is YAML.
    await writeFile(join(directory, 'prometheus.yml'), JSON.stringify(config));
    const server = new Prometheus(directory, port!);
    await server.targets([]);
    await until(
      'Prometheus is ready',
      async () => (await fetch(`${server.#url}/-/ready`).catch(() => null))?.ok === true,
    );
    return server;
  }

  private constructor(directory: string, port: number) {
    this.#directory = directory;
    this.#url = `http://127.0.0.1:${port}`;
    const args = [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ];
    this.#child = spawn('prometheus', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  }

  /** Sets the targets. @param urls of the processors to scrape from now on. */
  async targets(urls: readonly string[]): Promise<void> {
    const file = join(this.#directory, 'targets.json');
    await writeFile(`${file}.new`, JSON.stringify([{ targets: urls.map((url) => new URL(url).host) }]));
    await rename(`${file}.new`, file);
  }

  /** Waits until an expression has a sample. */
  async sees(expr: string): Promise<void> {
    const seen = () => this.#ask<{ result: unknown[] }>('query', { query: expr });
    await until(`Prometheus sees ${expr}`, async () => (await seen()).result.length > 0);
  }

  /** The values of an expression for each second since the server started, up to now, even within a second. */
  async history(expr: string): Promise<History> {
    const end = Date.now() / 1_000;
    const steps = Math.floor(end - this.since);
    const range = { start: String(end - steps + 1), end: String(end), step: '1' };
    const { result } = await this.#ask<{ result: Series[] }>('query_range', { query: expr, ...range });
    return { series: result, steps };
  }

  /** Alerts that are pending or fire. */
  async alerts(): Promise<Alert[]> {
    const { alerts } = await this.#ask<{ alerts: { labels: Record<string, string> }[] }>('alerts', {});
    return alerts.map(({ labels }) => ({
      name: labels.alertname!,
      severity: labels.severity!,
      partition: labels.partition ?? null,
    }));
  }

  /** Alerts whose evaluation fails, with the reason. */
  async brokenRules(): Promise<string[]> {
    const { groups } = await this.#ask<{ groups: { rules: { name: string; health: string; lastError?: string }[] }[] }>(
      'rules',
      {},
    );
    const rules = groups.flatMap((group) => group.rules);
    return rules.filter(({ health }) => health !== 'ok').map(({ name, lastError }) => `${name}: ${lastError}`);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await ended;
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #ask<T>(path: string, parameters: Record<string, string>): Promise<T> {
    const answer = await fetch(`${this.#url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const said = (await answer.json()) as { data: T; error?: string };
    if (!answer.ok) throw new Error(`Prometheus refused ${JSON.stringify(parameters)}: ${said.error}`);
    return said.data;
  }
}
