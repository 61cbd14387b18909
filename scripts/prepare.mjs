// Builds where npm needs the package as it is shipped: after `npm ci` in a checkout, before `npm pack`, and for an install
// from git. If the compiler was left out on purpose (`npm ci --omit=dev`), it reports that and builds nothing; but a package is
// never packed without the program.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const { npm_command: command, npm_config_omit: omitted = '', NODE_ENV: mode } = process.env;
const onPurpose =
  ['ci', 'install'].includes(command) && (omitted.split(/\s+/).includes('dev') || mode === 'production');

if (onPurpose && !hasCompiler()) {
  console.error(
    'tidemark is not built: development packages were left out. npm ci --include=dev installs them and builds it',
  );
} else {
  const build = fileURLToPath(new URL('build.mjs', import.meta.url));
  process.exitCode = spawnSync(process.execPath, [build], { stdio: 'inherit' }).status ?? 1;
}

function hasCompiler() {
  try {
    createRequire(import.meta.url).resolve('typescript/package.json');
    return true;
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return false;
  }
}
