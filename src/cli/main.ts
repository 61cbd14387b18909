#!/usr/bin/env node
import { whyNotOn } from './node-version.ts';

const whyNot = whyNotOn(process.versions.node);
if (whyNot !== null) {
  process.stderr.write(`tidemark: ${whyNot}\n`);
  process.exit(2);
}
// As `| head` leaves it. What shells give to a program that SIGPIPE ended; Node.js would print a stack instead.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(141);
});
// Only now: older versions fail on what these import.
const { runCommandLine } = await import('./program.ts');

process.exitCode = await runCommandLine(process.argv.slice(2), {
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
