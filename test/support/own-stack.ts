/** A stack of a test's own, to do harm to: a cluster, unless TIDEMARK_TEST_CLUSTER is 0. */
import { startCluster, whyNotCluster } from '../../src/local/cluster.ts';
import { startJava, whyNotJava } from '../../src/local/java.ts';
import type { ClusterStack, JavaStack, Part, StackOptions } from '../../src/local/stack.ts';

export const wantsCluster = process.env.TIDEMARK_TEST_CLUSTER !== '0';

export async function whyNoOwnStack(): Promise<string | null> {
  return await (wantsCluster ? whyNotCluster : whyNotJava)(process.env);
}

export async function startOwnStack(options: StackOptions = {}): Promise<JavaStack | ClusterStack> {
  return await (wantsCluster ? startCluster : startJava)(options);
}

/** All brokers as one: away means that none is there. */
export function brokersOf(stack: JavaStack | ClusterStack): Pick<Part, 'kill' | 'start'> & { pids(): number[] } {
  const nodes: readonly Part[] = 'nodes' in stack ? stack.nodes : [stack.broker];
  return {
    pids: () => nodes.map(({ pid }) => pid),
    kill: async (signal) => void (await Promise.all(nodes.map((node) => node.kill(signal)))),
    start: async () => void (await Promise.all(nodes.map((node) => node.start()))),
  };
}
