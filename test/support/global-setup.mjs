// Brings up one stack for the whole run; tests find it by `stack()` of stack.ts.
import { haveJars, jarsIn } from '../../src/local/jars.ts';
import { startStack } from '../../src/local/stack.ts';

export default async function setup() {
  const stack = await startStack({ onProgress: (line) => console.error(line) });
  console.error(`stack: ${stack.describe()}`);
  globalThis.tidemarkStack = stack;
  // The broker's own tools serve against any broker.
  const jars =
    stack.jars ?? process.env.TIDEMARK_KAFKA_JARS ?? (haveJars(process.env) ? jarsIn(process.env).kafka : null);
  const { kind, reason, brokers, registryUrl, databaseUrl, java = 'java' } = stack;
  process.env.TIDEMARK_TEST_STACK = JSON.stringify({ kind, reason, brokers, registryUrl, databaseUrl, java, jars });
}
