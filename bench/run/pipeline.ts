/** Names of its own for one run, the settings it runs with, and taking all of it away again. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { removeAll } from '../../src/demo/remove.ts';
import { loadSettings } from '../../src/settings/index.ts';
import type { Ground } from './ground.ts';

/** This checkout. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export type Environment = Readonly<Record<string, string>>;

/** Where the built program is, in a checkout. */
export function mainOf(root: string): string {
  const main = `${root}/dist/cli/main.js`;
  if (!existsSync(main)) throw new Error(`${main} is not there: run npm run build there`);
  return main;
}

export class BenchPipeline {
  readonly name: string;
  readonly schema: string;
  readonly output: string;
  readonly env: Environment;
  readonly #ground: Ground;

  /** @param settings over those that every run has; TIDEMARK_* in the caller's environment is over both. */
  constructor(ground: Ground, topic: string, settings: Environment = {}) {
    this.#ground = ground;
    const { brokers, registryUrl, databaseUrl } = ground.stack;
    this.name = `bench_${crypto.randomUUID().slice(0, 8)}`;
    this.schema = this.name;
    this.output = `${this.name}-ended`;
    this.env = {
      ...base(),
      TIDEMARK_INPUT_TIMESTAMPS: 'create',
      // Ends the visits of the closing events too: all that was folded is published before a run is over.
      TIDEMARK_VISIT_CLOCK_MARGIN: '5s',
      TIDEMARK_HTTP_PORT: '0',
      TIDEMARK_LOG_LEVEL: 'info',
      TIDEMARK_LOG_FORMAT: 'json',
      ...settings,
      ...given(),
      KAFKA_BROKERS: brokers.join(','),
      SCHEMA_REGISTRY_URL: registryUrl,
      DATABASE_URL: databaseUrl,
      TIDEMARK_INPUT_TOPIC: topic,
      TIDEMARK_OUTPUT_TOPIC: this.output,
      TIDEMARK_DEAD_LETTER_TOPIC: `${this.name}-dead-letter`,
      TIDEMARK_LATE_TOPIC: `${this.name}-late`,
      TIDEMARK_DATABASE_SCHEMA: this.schema,
      TIDEMARK_KAFKA_GROUP: this.name,
    };
  }

  /** `tidemark setup`, to its end. */
  setUp(main: string): void {
    const { status, stderr } = spawnSync(process.execPath, [main, 'setup'], { env: this.env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`tidemark setup: ${stderr}`);
  }

  /** Schema, role, output topics, groups and subjects; the input outlives the run. @returns what is left, and why. */
  async remove(): Promise<string[]> {
    const { settings } = loadSettings({ env: this.env });
    const own = { ...settings, input: { ...settings.input, topic: `${this.name}-no-input` } };
    return await removeAll(own, () => this.#ground.admin());
  }
}

/** Variables that every process needs, and those by which the C library allocates. */
const BASE = ['PATH', 'HOME', 'TMPDIR', 'MALLOC_ARENA_MAX', 'MALLOC_TRIM_THRESHOLD_', 'MALLOC_MMAP_THRESHOLD_'];

function base(): Environment {
  return Object.fromEntries(
    BASE.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

const NOT_SETTINGS = new Set(['TIDEMARK_STACK', 'TIDEMARK_KAFKA_JARS', 'TIDEMARK_CONFIG']);

/** Settings that the caller's environment gives: to compare with others. */
export function given(env: NodeJS.ProcessEnv = process.env): Environment {
  const entries = Object.entries(env).filter(([name]) => name.startsWith('TIDEMARK_') && !NOT_SETTINGS.has(name));
  return Object.fromEntries(entries) as Environment;
}
