import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { isAlive, startProgram } from '../support/processes.ts';
import { until } from '../support/until.ts';

describe('the keeper', () => {
  let owner: ChildProcess | undefined;

  afterEach(() => {
    owner?.kill('SIGKILL');
  });

  test.each(['SIGKILL', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends processes and removes directories when their owner ends by %s',
    async (signal) => {
      const program = new URL('./support/keeper-owner.mjs', import.meta.url);
      const { child, said } = await startProgram<{ pids: number[]; directory: string }>(program, process.env);
      owner = child;
      expect(said.pids.filter(isAlive)).toEqual(said.pids);
      expect(existsSync(said.directory)).toBe(true);
      owner.kill(signal);
      await until('its processes are gone', () => !said.pids.some(isAlive));
      await until('its directory is gone', () => !existsSync(said.directory));
    },
  );
});
