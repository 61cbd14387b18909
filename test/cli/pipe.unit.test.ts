import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
