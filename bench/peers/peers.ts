/** Builds and runs the peers: in copies, and on a database of their own, because they drop tables. */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../src/local/run.ts';
import { since } from '../measure/meter.ts';
import type { Measured } from '../report/measured.ts';
import type { Ground } from '../run/ground.ts';
import type { Input } from '../run/input.ts';
import { ROOT } from '../run/pipeline.ts';
import { reportIn, type Variant } from './variants.ts';

const DATABASE = 'tidemark_bench_peers';

export class Peers {
  readonly #ground: Ground;
  readonly #directory: string;
  readonly #databaseUrl: string;

  private constructor(ground: Ground, directory: string) {
    this.#ground = ground;
    this.#directory = directory;
    const url = new URL(ground.stack.databaseUrl);
    url.pathname = `/${DATABASE}`;
    this.#databaseUrl = url.href;
  }

  /** @param from where the peers are, a folder each. */
  static async build(
    ground: Ground,
    from: string,
    variants: readonly Variant[],
    say: (line: string) => void,
  ): Promise<Peers> {
    const temporary = mkdtempSync(join(tmpdir(), 'tidemark-peers-'));
    ground.keeper.remove(temporary);
    const directory = join(temporary, 'peers');
    // They build our schemas in, from where these are beside the peers.
    cpSync(join(ROOT, 'schemas'), join(temporary, 'schemas'), { recursive: true });
    for (const folder of new Set(variants.map((variant) => variant.folder))) {
      if (!existsSync(join(from, folder, 'run.sh')))
        throw new Error(`${join(from, folder)} holds no peer: run.sh is missing`);
      const copy = join(directory, folder);
      cpSync(join(from, folder), copy, { recursive: true });
      if (isBuilt(copy)) continue;
      say(`building ${folder} with Maven`);
      await run('mvn', ['-q', '-B', 'package'], { cwd: copy, env: process.env });
    }
    await ground.database.query(`DROP DATABASE IF EXISTS ${DATABASE}`);
    await ground.database.query(`CREATE DATABASE ${DATABASE}`);
    return new Peers(ground, directory);
  }

  async measure(input: Input, { name, folder, args, read }: Variant): Promise<Measured> {
    const { stack, meter, keeper } = this.#ground;
    const before = meter.now();
    let pid: number | null = null;
    const output = await run('sh', ['run.sh', ...args(input.answer)], {
      cwd: join(this.#directory, folder),
      env: {
        ...process.env,
        ...(process.env.JAVA_HOME ? { JAVA: join(process.env.JAVA_HOME, 'bin', 'java') } : {}),
        KAFKA_BROKERS: stack.brokers.join(','),
        SCHEMA_REGISTRY_URL: stack.registryUrl,
        DATABASE_URL: this.#databaseUrl,
        TOPIC: input.topic,
      },
      onStart: (started) => {
        pid = started;
        keeper.watch(started, 'KILL');
      },
    });
    if (pid !== null) keeper.unwatch(pid);
    const { cpu, ...report } = read(reportIn(output), input.answer);
    const parts = since(before, meter.now());
    return { name, input: input.answer.events, ...report, cpu: { processor: cpu, ...parts }, notes: {} };
  }

  async end(): Promise<void> {
    await this.#ground.database.query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
    rmSync(dirname(this.#directory), { recursive: true, force: true });
  }
}

function isBuilt(folder: string): boolean {
  const target = join(folder, 'target');
  return existsSync(target) && readdirSync(target).some((name) => name.endsWith('.jar'));
}
