#!/usr/bin/env node
import { fatalLine } from './fatal-line.ts';
import { whyNotOn } from './node-version.ts';

const whyNot = whyNotOn(process.versions.node);
if (whyNot !== null) {
  const json = process.env.TIDEMARK_LOG_FORMAT?.toLowerCase() === 'json';
  process.stderr.write(json ? fatalLine(whyNot, 2) : `tidemark: ${whyNot}\n`);
  process.exit(2);
}
// The reader has gone, as with `| head`. 141 is what shells report of SIGPIPE; Node.js would print a stack instead.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(141);
});
// Imported only now, because older versions of Node.js fail on what these import.
const [{ runCommandLine }, { finalErrorForm }, { explain }] = await Promise.all([
  import('./program.ts'),
  import('./settings-options.ts'),
  import('./failure.ts'),
]);

const argv = process.argv.slice(2);
// A fault of our own ends the process, and is printed as every other error that does.
process.on('uncaughtException', (error) => {
  const { json } = finalErrorForm(argv, { env: process.env, cwd: process.cwd() });
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
// What a client still holds open must not keep a finished command from ending.
setTimeout(() => process.exit(), 2_000).unref();
