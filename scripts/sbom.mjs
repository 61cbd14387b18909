// Writes the software bill of materials of what is shipped, as CycloneDX JSON: to tidemark.cdx.json, to the file given, or to
// stdout for `-`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Packages whose package.json names no licence, with that of their LICENSE file. */
const UNNAMED = { '@kafkajs/confluent-schema-registry': 'MIT' };

const read = (name) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
const [target = 'tidemark.cdx.json'] = process.argv.slice(2);
const bill = `${JSON.stringify(billOf(read('package.json'), read('package-lock.json')), null, 2)}\n`;
if (target === '-') process.stdout.write(bill);
else writeFileSync(target, bill);

/**
 * npm's own `--omit dev` also leaves out packages that a development tool needs too, such as pg. So npm gets a lock file
 * without such tools.
 */
function billOf({ devDependencies: _tools, ...manifest }, lock) {
  const shipped = Object.entries(lock.packages).filter(([, { dev }]) => !dev);
  const { devDependencies: _same, ...root } = lock.packages[''];
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-sbom-'));
  try {
    // npm takes the name of the whole from the directory.
    const project = join(directory, manifest.name);
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
    const packages = { ...Object.fromEntries(shipped), '': root };
    writeFileSync(join(project, 'package-lock.json'), JSON.stringify({ ...lock, packages }));
    return nameLicences(sbom(project));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function sbom(cwd) {
  const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
  const { status, stdout, stderr, error } = spawnSync('npm', args, { cwd, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (error) throw error;
  if (status !== 0) throw new Error(`npm ${args.join(' ')} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

function nameLicences(bill) {
  for (const component of bill.components) {
    const licence = UNNAMED[component.name];
    if (licence !== undefined) component.licenses ??= [{ license: { id: licence } }];
  }
  return bill;
}
