/** `npm run bench -- …`: see options.ts, or `--help`. Exit 1 where an answer was wrong or a scenario failed. */
import { parseOptions, USAGE, Usage } from './options.ts';
import { Ground } from './run/ground.ts';
import { runScenario } from './scenarios/index.ts';

const args = process.argv.slice(2);
if (args.includes('--help')) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const options = readOptions();
const say = (line: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
const ground = await Ground.make(say);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void ground.end().finally(() => process.exit(130)));
}
let ok = false;
try {
  ok = await runScenario(ground, options, say);
} catch (error) {
  say(`failed: ${(error as Error).stack}`);
} finally {
  await ground.end();
}
process.exit(ok ? 0 : 1);

function readOptions() {
  try {
    return parseOptions(args);
  } catch (error) {
    if (!(error instanceof Usage)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}
