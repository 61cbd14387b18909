#!/usr/bin/env node
const OLDEST_NODE = 22;

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  process.stderr.write(
    `tidemark: this is Node.js ${process.versions.node}, and ${OLDEST_NODE} or later is needed: install one, or start it with npx or npm in a checkout, which brings its own\n`,
  );
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
