/** V8's CPU profiles, summed up: by phase, by function, by file. Times in seconds of the profiled threads. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PHASES, type Phase, phaseElse, phaseOf } from './phases.ts';

export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** µs before each sample. */
  readonly timeDeltas: readonly number[];
}

export interface Summary {
  /** Time in which something ran. */
  readonly busy: number;
  /** Self time, by phase: adds up to `busy`. */
  readonly phases: Readonly<Record<Phase, number>>;
  /** Self time by function, `name file:line`. */
  readonly functions: ReadonlyMap<string, number>;
  readonly files: ReadonlyMap<string, number>;
}

export async function summarise(directory: string): Promise<Summary> {
  const files = (await readdir(directory)).filter((name) => name.endsWith('.cpuprofile'));
  if (files.length === 0) throw new Error(`no .cpuprofile was written to ${directory}: did the process end in order?`);
  const profiles = await Promise.all(files.map(async (name) => readFile(join(directory, name), 'utf8')));
  return summaryOf(profiles.map((text) => JSON.parse(text) as CpuProfile));
}

/** Of all processes and threads together. */
export function summaryOf(profiles: readonly CpuProfile[]): Summary {
  const phases = Object.fromEntries(PHASES.map((phase) => [phase, 0])) as Record<Phase, number>;
  const functions = new Map<string, number>();
  const files = new Map<string, number>();
  let busy = 0;
  for (const profile of profiles) {
    const phase = phasesOf(profile);
    const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
    profile.samples.forEach((id, i) => {
      const { functionName, url, lineNumber } = frames.get(id)!;
      if (functionName === '(idle)') return;
      const seconds = (profile.timeDeltas[i] ?? 0) / 1e6;
      const file = shortFile(url);
      busy += seconds;
      phases[phase.get(id) ?? 'other'] += seconds;
      add(
        functions,
        `${functionName || '(anonymous)'} ${file}${file === '' ? '' : `:${lineNumber + 1}`}`.trim(),
        seconds,
      );
      add(files, file || functionName || '(anonymous)', seconds);
    });
  }
  return { busy, phases, functions, files };
}

/** The phase of each node: its own, else its caller's. */
function phasesOf({ nodes }: CpuProfile): Map<number, Phase | null> {
  const phases = new Map<number, Phase | null>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const called = new Set(nodes.flatMap(({ children = [] }) => children));
  const roots = nodes.filter(({ id }) => !called.has(id));
  const stack = roots.map(({ id }): Inherited => ({ id, sure: null, otherwise: null }));
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { callFrame, children = [] } = byId.get(next.id)!;
    const sure = phaseOf(callFrame.functionName, callFrame.url) ?? next.sure;
    const otherwise = phaseElse(callFrame.url) ?? next.otherwise;
    phases.set(next.id, sure ?? otherwise);
    for (const id of children) stack.push({ id, sure, otherwise });
  }
  return phases;
}

interface Inherited {
  readonly id: number;
  readonly sure: Phase | null;
  readonly otherwise: Phase | null;
}

function shortFile(url: string): string {
  return url.replace(/^.*\/node_modules\//, '').replace(/^.*\/dist\//, '');
}

function add(sums: Map<string, number>, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}
