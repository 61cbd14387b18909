#!/usr/bin/env node
import { fatalLine } from './fatal-line.ts';
import { whyNotOn } from './node-version.ts';

const whyNot = whyNotOn(process.versions.node);
if (whyNot !== null) {
  const json = process.env.TIDEMARK_LOG_FORMAT?.toLowerCase() === 'json';
  process.stderr.write(json ? fatalLine(whyNot, 2) : `tidemark: ${whyNot}\n`);
  process.exit(2);
}
// As `| head` leaves it. What shells give to a program that SIGPIPE ended; Node.js would print a stack instead.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(141);
});
// Only now: older versions fail on what these import.
const [{ runCommandLine }, { lastWordForm }, { explain }] = await Promise.all([
  import('./program.ts'),
  import('./settings-options.ts'),
  import('./failure.ts'),
]);

const argv = process.argv.slice(2);
// A mistake of our own, wherever it was made: it ends the process, and is said as all else that does.
process.on('uncaughtException', (error) => {
  const { json } = lastWordForm(argv, { env: process.env, cwd: process.cwd() });
  process.stderr.write(explain(error, { debug: true, json }).text);
  process.exit(1);
});

process.exitCode = await runCommandLine(argv, {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  terminal: process.stdout.isTTY === true,
  errTerminal: process.stderr.isTTY === true,
  size: () => ({ columns: process.stdout.columns ?? 120, rows: process.stdout.rows ?? 24 }),
});
// Whatever a client still holds open must not keep a finished command.
setTimeout(() => process.exit(), 2_000).unref();
