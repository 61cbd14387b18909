import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

test('a reader that leaves early, like `| head`, ends a command without a stack trace', async () => {
  const child = spawn(process.execPath, [MAIN, 'completion', 'zsh'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let said = '';
  child.stderr.on('data', (part) => {
    said += part;
  });
  const [code] = await once(child, 'close');
  expect(said).toBe('');
  expect(code).toBe(141);
});

// Linux has a device for tests that is a full disk.
(existsSync('/dev/full') ? test : test.skip)(
  'what nobody foresaw ends a command as a line of the log where that is JSON',
  () => {
    const full = openSync('/dev/full', 'w');
    const env = { ...process.env, TIDEMARK_LOG_FORMAT: 'json' };
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'completion', 'zsh'], {
      env,
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    expect(JSON.parse(stderr)).toMatchObject({
      level: 'fatal',
      exitCode: 1,
      msg: expect.stringContaining('ENOSPC'),
      stack: expect.stringContaining('ENOSPC'),
    });
    expect(status).toBe(1);
  },
);
