// Brings up one stack for the whole run; tests find it by `stack()` of stack.ts. On Java it is a cluster, since one
// broker hides what goes wrong between two; TIDEMARK_TEST_CLUSTER=0 has one broker all the same.
import { haveJars, jarsIn } from '../../src/local/jars.ts';
import { startStack } from '../../src/local/stack.ts';
import { wantsCluster } from './own-stack.ts';
import { partsOf } from './parts.ts';

export default async function setup() {
  const { env } = process;
  const stack = await startStack({ cluster: wantsCluster, onProgress: (line) => console.error(line) });
  console.error(`stack: ${stack.describe()}`);
  globalThis.tidemarkStack = stack;
  env.TEST_STACK = JSON.stringify(stack.kind === 'memory' ? { kind: stack.kind, reason: stack.reason } : found());

  function found() {
    const parts = partsOf(stack, env);
    // The broker's own tools serve against any broker.
    const jars = parts.jars ?? env.TIDEMARK_KAFKA_JARS ?? (haveJars(env) ? jarsIn(env).kafka : null);
    return { ...parts, kind: stack.kind, jars };
  }
}
