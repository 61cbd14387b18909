import { jest } from '@jest/globals';
import { StateMachine, type Transitions } from '../../../src/processor/state-machine.ts';

/**
 * Records, from now on, along which kinds of state each machine goes that has these transitions.
 * @returns answers with their paths, in the order in which they first changed.
 */
export function watchStates<State extends { readonly kind: string }>(transitions: Transitions<State>): () => string[] {
  const paths = new Map<object, string[]>();
  const { become } = StateMachine.prototype;
  jest.spyOn(StateMachine.prototype, 'become').mockImplementation(function (
    this: StateMachine<{ readonly kind: string }>,
    next,
  ) {
    const { kind } = this.now;
    become.call(this, next);
    if (this.transitions !== transitions) return;
    const path = paths.get(this) ?? [kind];
    paths.set(this, path);
    if (kind !== next.kind) path.push(next.kind);
  });
  return () => [...paths.values()].map((kinds) => kinds.join(' → '));
}

/** What leads to what, as `from → to`, sorted. */
export function edgesOf(transitions: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(transitions)
    .flatMap(([from, next]) => next.map((to) => `${from} → ${to}`))
    .sort();
}

/** The same of paths through the states. */
export function edgesOn(paths: readonly string[]): string[] {
  const edges = paths.flatMap((path) => {
    const kinds = path.split(' → ');
    return kinds.slice(1).map((to, i) => `${kinds[i]} → ${to}`);
  });
  return [...new Set(edges)].sort();
}
