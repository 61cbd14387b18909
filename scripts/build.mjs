// Compiles src/ to dist/, and copies the console's page there. If types are wrong nothing is written: dist/ stays as it was.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
/** Files that browsers get as they are. */
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
const { bin, exports: entries } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
removeStale();
keepDeclarations();
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

/** Removes what was compiled from a source that is gone: an import would still find it. */
function removeStale() {
  const stem = (file) => file.replace(/\.(d\.ts|ts|js|js\.map)$/, '');
  const sources = new Set(readdirSync(join(root, 'src'), { recursive: true }).map(stem));
  for (const file of readdirSync(dist, { recursive: true })) {
    if (!sources.has(stem(file))) rmSync(join(dist, file), { recursive: true, force: true });
  }
}

/** Keeps the declarations of what the package exports, and of the types in them. Programs cannot import the rest. */
function keepDeclarations() {
  const kept = new Set();
  const keep = (file) => {
    if (kept.has(file)) return;
    kept.add(file);
    // Compilers before 5.7 do not resolve an import of a `.ts` in a declaration.
    const text = readFileSync(file, 'utf8').replace(/(from ['"]\..*)\.ts(['"])/g, '$1.js$2');
    writeFileSync(file, text);
    for (const [, path] of text.matchAll(/from ['"](\..*)\.js['"]/g)) keep(join(dirname(file), `${path}.d.ts`));
  };
  for (const { types } of Object.values(entries)) keep(join(root, types));
  for (const file of readdirSync(dist, { recursive: true }).map((each) => join(dist, each))) {
    if (file.endsWith('.d.ts') && !kept.has(file)) rmSync(file);
  }
}

function makeRunnable() {
  for (const file of Object.values(bin).map((path) => join(root, path))) {
    if (!readFileSync(file, 'utf8').startsWith('#!')) throw new Error(`${file} lacks its #!/usr/bin/env node`);
    chmodSync(file, 0o755);
  }
}
