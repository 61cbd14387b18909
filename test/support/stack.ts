import { describe } from '@jest/globals';
import type { StackKind } from '../../src/local/stack.ts';
import type { Parts } from './parts.ts';

/** The stack that all tests of a run share: make topics, schemas and groups with names of your own in it. */
export interface TestStack extends Parts {
  readonly kind: Exclude<StackKind, 'memory'>;
}

type Found = TestStack | { readonly kind: 'memory'; readonly reason: string };

const ABSENT: TestStack = {
  kind: 'environment',
  brokers: ['there-is-no-stack.invalid:9092'],
  registryUrl: 'http://there-is-no-stack.invalid',
  databaseUrl: 'postgres://there-is-no-stack.invalid/',
  env: {},
  properties: null,
  access: null,
  java: 'java',
  jars: null,
};

/** Addresses of the shared stack. Inside `describeReal` only: elsewhere there may be none. */
export function stack(): TestStack {
  const found = foundStack();
  return found.kind === 'memory' ? ABSENT : found;
}

/** `describe` for tests that need real parts: where there are none they are reported as skipped, with the reason. */
export function describeReal(name: string, tests: () => void): void {
  const found = foundStack();
  if (found.kind === 'memory') describe.skip(`${name} (skipped: ${found.reason})`, tests);
  else describe(name, tests);
}

/** A name that no other test uses: letters, digits and `_`, good for a topic, a schema and a group. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${crypto.randomUUID().replaceAll('-', '').slice(0, 12)}`;
}

function foundStack(): Found {
  const text = process.env.TEST_STACK;
  if (text === undefined) throw new Error('no stack was looked for: name the file *.int.test.ts or *.e2e.test.ts');
  return JSON.parse(text) as Found;
}
