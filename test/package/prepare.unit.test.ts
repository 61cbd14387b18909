import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { copyCheckout } from './support/checkout.ts';
import { run } from './support/npm.ts';

describe('a checkout without development packages', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tidemark-prepare-'));
    copyCheckout(directory, false);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const prepare = (env: Record<string, string>) => run([process.execPath, 'scripts/prepare.mjs'], directory, env);

  test.each([
    [{ npm_command: 'ci', npm_config_omit: 'dev' }],
    [{ npm_command: 'install', npm_config_omit: 'optional dev' }],
    [{ npm_command: 'ci', NODE_ENV: 'production' }],
  ])('is installed in, and it is said that nothing was built: %j', (env) => {
    const { code, err } = prepare(env);
    expect(err).toMatch(/^tidemark is not built: .* npm ci --include=dev/);
    expect(code).toBe(0);
  });

  test.each([
    [{ npm_command: 'pack', npm_config_omit: 'dev' }],
    [{ npm_command: 'publish', NODE_ENV: 'production' }],
    [{ npm_command: 'install' }],
  ])('is not packed: %j', (env) => {
    const { code, err } = prepare(env);
    expect(err).toMatch(/^tidemark is not built: the package typescript is not installed.* npm ci --include=dev/);
    expect(code).toBe(1);
  });

  test('npm pack fails, and leaves no package', () => {
    const { code, err } = run(['npm', 'pack', '--omit=dev'], directory);
    expect(err).toContain('tidemark is not built');
    expect(code).toBe(1);
    expect(readdirSync(directory).filter((name) => name.endsWith('.tgz'))).toEqual([]);
    expect(existsSync(join(directory, 'dist'))).toBe(false);
  });

  test.each(['demo', 'test', 'test:unit'])(
    'npm run %s says which packages are missing, and how to have them',
    (script) => {
      const { code, err } = run(['npm', 'run', '--silent', script], directory);
      expect(err).toMatch(/^tidemark: packages are not installed: .*typescript.* Run npm ci --include=dev\n$/);
      expect(code).toBe(1);
    },
  );
});
