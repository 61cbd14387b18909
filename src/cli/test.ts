import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { compare, type Difference } from '../scenario/compare.ts';
import { foldScenario } from '../scenario/fold.ts';
import { inForm } from '../scenario/form.ts';
import { readScenario, ScenarioError } from '../scenario/format.ts';
import { Failure } from './failure.ts';
import type { ExitCode, Io } from './io.ts';

export function testCommand(io: Io, finish: (code: ExitCode) => void): Command {
  return new Command('test')
    .description('run scenario files through the same core as `tidemark run`, and print what differs')
    .argument('<file...>', 'scenario files, or directories of them')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((paths: string[], options: { json?: boolean }) => {
      const results: Result[] = [];
      for (const path of paths.flatMap((path) => filesAt(path, io.cwd))) {
        const result = runScenario(path, resolve(io.cwd, path));
        results.push(result);
        if (!options.json) io.out(resultLines(result));
      }
      const failed = results.filter((result) => result.error !== null || result.differences.length > 0).length;
      if (options.json) io.out(`${JSON.stringify(results, null, 2)}\n`);
      else io.out(`${results.length - failed} passed, ${failed} failed\n`);
      if (failed > 0) finish(results.some((result) => result.error !== null) ? 2 : 1);
    });
}

const EXAMPLES = `
Exit code 1 if anything differs, 2 if a file is no scenario.

Examples:
  $ tidemark test test/scenarios
  $ tidemark test my-case.json --json
`;

interface Result {
  readonly file: string;
  readonly name: string | null;
  readonly differences: readonly Difference[];
  /** Why the file could not be run; null: it was. */
  readonly error: string | null;
}

function runScenario(file: string, path: string): Result {
  try {
    const scenario = readScenario(path);
    const differences = compare(scenario.expect, inForm(foldScenario(scenario)));
    return { file, name: scenario.name, differences, error: null };
  } catch (error) {
    if (error instanceof ScenarioError) return { file, name: null, differences: [], error: error.message };
    throw error;
  }
}

/** The file, or all `.json` files in the directory and below, by name. */
function filesAt(path: string, cwd: string): string[] {
  const stat = statSync(resolve(cwd, path), { throwIfNoEntry: false });
  if (stat === undefined) throw new Failure(2, `${path} is not there: name scenario files or directories of them`);
  if (!stat.isDirectory()) return [path];
  const files = readdirSync(resolve(cwd, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(path, name));
  if (files.length === 0) throw new Failure(2, `${path} holds no .json file`);
  return files;
}

function resultLines({ file, name, differences, error }: Result): string {
  if (error !== null) return `error ${error}\n`;
  if (differences.length === 0) return `pass  ${file}\n`;
  const lines = differences.map(
    ({ path, expected, got }) =>
      `        ${path}\n          expected ${valueText(expected)}\n          got      ${valueText(got)}\n`,
  );
  return `FAIL  ${file}: ${name}\n${lines.join('')}`;
}

function valueText(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
