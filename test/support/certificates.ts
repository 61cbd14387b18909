import { mkdtempSync } from 'node:fs';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { Authority } from '../../src/local/authority.ts';

export interface Certificates {
  /** Where the authorities below keep theirs, and room for other files. */
  readonly directory: string;
  /** What the servers of a test are signed by. */
  readonly authority: Authority;
  /** An authority that nothing trusts. */
  readonly stranger: Authority;
}

/** Two authorities for the tests of a file, in a directory that goes with them. */
export function certificates(): Certificates {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-certificates-'));
  const made: { directory: string; authority?: Authority; stranger?: Authority } = { directory };
  beforeAll(async () => {
    // Servers of another user read in it.
    await chmod(directory, 0o711);
    made.authority = await authorityIn(join(directory, 'ours'));
    made.stranger = await authorityIn(join(directory, 'theirs'));
  });
  afterAll(() => rm(directory, { recursive: true }));
  return made as Certificates;
}

async function authorityIn(directory: string): Promise<Authority> {
  await mkdir(directory, { mode: 0o755 });
  return await Authority.make(directory, process.env);
}
