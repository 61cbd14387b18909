import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { COMMITTER_TRANSITIONS } from '../../src/processor/committer.ts';
import { LIFE_TRANSITIONS } from '../../src/processor/life-state.ts';
import { PUBLISHER_TRANSITIONS } from '../../src/processor/publisher-state.ts';
import { READER_TRANSITIONS } from '../../src/processor/reader-position.ts';
import { StateMachine } from '../../src/processor/state-machine.ts';
import { edgesOf } from './support/watched-states.ts';

type AnyTransitions = Readonly<Record<string, readonly string[]>>;

const TABLES: readonly [name: string, first: string, transitions: AnyTransitions][] = [
  ['life', 'assigned', LIFE_TRANSITIONS],
  ['reader', 'comparing', READER_TRANSITIONS],
  ['publisher', 'unstarted', PUBLISHER_TRANSITIONS],
  ['committer', 'idle', COMMITTER_TRANSITIONS],
];

describe.each(TABLES)('the states of the %s', (name, first, transitions) => {
  const kinds = Object.keys(transitions);

  test('lead to those of the table and to no other', () => {
    for (const from of kinds) {
      for (const to of kinds) {
        const machine = new StateMachine<{ readonly kind: string }>(transitions, { kind: from });
        const become = () => machine.become({ kind: to });
        if (to === from || transitions[from]!.includes(to)) {
          become();
          expect(machine.now.kind).toBe(to);
        } else {
          expect(become).toThrow(`${from} does not lead to ${to}`);
          expect(machine.now.kind).toBe(from);
        }
      }
    }
  });

  test('can all be reached', () => {
    const reached = new Set([first]);
    for (const kind of reached) for (const next of transitions[kind]!) reached.add(next);
    // A partition that was never folded has no record to compare: its reader begins with `reading`.
    expect([...reached].sort()).toEqual([...kinds].sort());
  });

  test('are those of the picture in docs/DESIGN.md', () => {
    const text = readFileSync(new URL('../../docs/DESIGN.md', import.meta.url), 'utf8');
    const [, picture] = new RegExp(`\`\`\`mermaid\nstateDiagram-v2\n  %% ${name}\n([^\`]*)\`\`\``).exec(text) ?? [];
    const edges = [...(picture ?? '').matchAll(/^ {2}(\w+) --> (\w+)/gm)].map(([, from, to]) => `${from} → ${to}`);
    expect(edges.sort()).toEqual(edgesOf(transitions));
  });
});
