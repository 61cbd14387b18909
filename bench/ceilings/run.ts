/** How fast it could be: reading alone, then with decoding, then with folding in memory. Nothing is stored or sent. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { since } from '../measure/meter.ts';
import type { Measured } from '../report/measured.ts';
import type { Ground } from '../run/ground.ts';
import type { Input } from '../run/input.ts';
import { ROOT } from '../run/pipeline.ts';

export type Level = 'kafkajs' | 'read' | 'decode' | 'fold';

export interface Ceiling {
  readonly seconds: number;
  readonly cpu: number;
  /** Bytes. */
  readonly peak: number;
  /** Closing events included; null where they were not looked at. */
  readonly events: number | null;
  readonly visits: number | null;
}

export const LEVELS: readonly (readonly [level: Level, name: string])[] = [
  ['kafkajs', 'ceiling: KafkaJS alone'],
  ['read', 'ceiling: read as tidemark reads'],
  ['decode', 'ceiling: + decode'],
  ['fold', 'ceiling: + fold in memory'],
];

export async function ceiling(ground: Ground, input: Input, [level, name]: (typeof LEVELS)[number]): Promise<Measured> {
  const { answer } = input;
  const before = ground.meter.now();
  const { found, wrong } = await runLevel(ground, input, level);
  return {
    name,
    input: answer.events,
    seconds: found.seconds,
    secondsFromStart: null,
    cpu: { processor: found.cpu, postgres: null, broker: since(before, ground.meter.now()).broker },
    peak: found.peak,
    visits: found.visits === null ? null : found.visits - answer.closing,
    events: found.events === null ? null : found.events - answer.closing,
    duplicates: null,
    wrong,
    notes: {},
  };
}

/**
 * @param root the checkout that is run.
 * @param core the only one that it may use; null: any. Linux alone.
 */
export async function runLevel(
  ground: Ground,
  { answer, records, topic }: Input,
  level: Level,
  { root = ROOT, core = null }: { readonly root?: string; readonly core?: number | null } = {},
): Promise<{ readonly found: Ceiling; readonly wrong: readonly string[] }> {
  const main = join(root, 'bench', 'ceilings', 'main.ts');
  const command = [process.execPath, main, level, ground.stack.brokers.join(','), topic, String(records)];
  const found = JSON.parse(
    await said(ground, core === null ? command : ['taskset', '-c', String(core), ...command]),
  ) as Ceiling;
  const wrong = [
    ...(found.events === null || found.events === records ? [] : [`${found.events} events, and ${records} is right`]),
    ...(found.visits === null || found.visits === answer.visits + answer.closing
      ? []
      : [`${found.visits} visits, and ${answer.visits + answer.closing} is right`]),
  ];
  return { found, wrong };
}

/** The last line that it prints. @throws where it fails. */
function said(ground: Ground, [file, ...args]: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    if (child.pid !== undefined) ground.keeper.watch(child.pid, 'KILL');
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk;
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (child.pid !== undefined) ground.keeper.unwatch(child.pid);
      if (code === 0) resolve(out.trim().split('\n').at(-1)!);
      else reject(new Error(`${[file, ...args].join(' ')} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}
