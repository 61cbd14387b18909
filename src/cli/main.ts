#!/usr/bin/env node
import { runCommandLine } from './program.ts';

process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  terminal: process.stdout.isTTY === true,
  size: () => ({ columns: process.stdout.columns ?? 120, rows: process.stdout.rows ?? 24 }),
});
// Whatever a client still holds open must not keep a finished command.
setTimeout(() => process.exit(), 2_000).unref();
