import { availableParallelism } from 'node:os';

const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  // What the build made holds the same package once more.
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};

/** Tests told apart by the name of their file; only those with real parts bring up the stack. */
function project(kind, settings = {}) {
  return { ...shared, ...settings, displayName: kind, testMatch: [`<rootDir>/test/**/*.${kind}.test.ts`] };
}

const withStack = {
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
};

export default {
  // They share one broker and one Postgres: more at once would only wait for each other.
  maxWorkers: Math.min(4, Math.max(2, Math.floor(availableParallelism() / 2))),
  // For all alike, since a project's own would not be heeded: what hangs is ended, and what is slow on a busy machine is not.
  testTimeout: 900_000,
  projects: [project('unit'), project('int', withStack), project('e2e', withStack)],
};
