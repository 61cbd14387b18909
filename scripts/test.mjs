// Runs the tests and ends with a line `N passed, N failed`. Arguments go to jest; `--unit` runs what needs no stack.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const directory = mkdtempSync(join(tmpdir(), 'tidemark-test-'));
const results = join(directory, 'results.json');
const jest = join(dirname(createRequire(import.meta.url).resolve('jest/package.json')), 'bin', 'jest.js');
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
const given = process.argv.slice(2);
// The selection comes last, because jest takes every word that follows it for the name of another project.
const selection = given.includes('--unit') ? ['--selectProjects', 'unit'] : [];
const args = ['--json', `--outputFile=${results}`, ...given.filter((arg) => arg !== '--unit'), ...selection];

const STUCK_MS = 20_000;
const child = spawn(process.execPath, [...flags, jest, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
// Ctrl-C reaches jest by itself; a signal to this process alone does not.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
const watch = setInterval(endIfStuck, 1000);
child.once('exit', (code) => {
  clearInterval(watch);
  const summary = summaryOf(code === 0);
  rmSync(directory, { recursive: true });
  console.log(summary.line);
  process.exitCode = summary.failed === 0 ? 0 : 1;
});

/** A test that leaves a process or a connection open fails the run, but must not keep it from ending. */
function endIfStuck() {
  const written = statSync(results, { throwIfNoEntry: false });
  if (!written || Date.now() - written.mtimeMs < STUCK_MS) return;
  console.error(
    `jest has not ended ${STUCK_MS / 1000} s after the last test: a test left a process or connection open`,
  );
  child.kill('SIGKILL');
}

/** Counts jest's results; a run that failed without a result or a test counts as one failure at least. */
function summaryOf(ok) {
  let { passed, failed, skipped } = { passed: 0, failed: 0, skipped: 0 };
  try {
    const found = JSON.parse(readFileSync(results, 'utf8'));
    passed = found.numPassedTests;
    failed = found.numFailedTests + found.numRuntimeErrorTestSuites;
    skipped = found.numPendingTests + found.numTodoTests;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  if (!ok && failed === 0) failed = 1;
  const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return { failed, line };
}
