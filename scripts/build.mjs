// Compiles src/ to dist/, and copies the console's page there. With an error of types nothing is written: dist/ stays as it was.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
/** What browsers get as it is. */
const ASSETS = join('console', 'assets');

const typescript = directoryOf('typescript');
if (typescript === null) {
  console.error(
    'tidemark is not built: the package typescript is not installed. Development packages were left out (--omit=dev, ' +
      'NODE_ENV=production); run npm ci --include=dev',
  );
  process.exit(1);
}
const tsc = spawnSync(process.execPath, [join(typescript, 'bin', 'tsc'), '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
if (tsc.error) throw tsc.error;
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

cpSync(join(root, 'src', ASSETS), join(dist, ASSETS), { recursive: true });
removeStale();
makeRunnable();

/** @returns where npm put a package; null where it is not installed. */
function directoryOf(name) {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return null;
  }
}

/** What was compiled from a source that is gone would still be found by an import. */
function removeStale() {
  const stem = (file) => file.replace(/\.(ts|js|js\.map)$/, '');
  const sources = new Set(readdirSync(join(root, 'src'), { recursive: true }).map(stem));
  for (const file of readdirSync(dist, { recursive: true })) {
    if (!sources.has(stem(file))) rmSync(join(dist, file), { recursive: true, force: true });
  }
}

function makeRunnable() {
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const file of Object.values(bin).map((path) => join(root, path))) {
    if (!readFileSync(file, 'utf8').startsWith('#!')) throw new Error(`${file} lacks its #!/usr/bin/env node`);
    chmodSync(file, 0o755);
  }
}
