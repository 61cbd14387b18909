// npm run release -- VERSION [--repository URL] [--dry-run]
// Makes a release: version and changelog, the package, its bill of materials, the image if there is an engine; then a commit
// and a tag. Nothing leaves this machine: the commands that publish it are printed. See docs/RELEASING.md.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  lockWithVersion,
  repositoryFields,
  whyNotAfter,
  withHeading,
  withImage,
  withVersion,
} from './release-edits.ts';

const USAGE = 'npm run release -- VERSION [--repository URL] [--dry-run]';
/** The directory of the results, which git ignores. */
const OUT = 'release';
const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file) => readFileSync(join(root, file), 'utf8');

try {
  const { values, positionals } = parseArgs({
    options: { repository: { type: 'string' }, 'dry-run': { type: 'boolean' } },
    allowPositionals: true,
  });
  if (positionals.length !== 1) throw new Error(`name one version: ${USAGE}`);
  release(positionals[0], values.repository ?? null, values['dry-run'] ?? false);
} catch (error) {
  console.error(`release: ${error.message}`);
  process.exitCode = 1;
}

function release(version, address, dry) {
  const { name, version: before } = JSON.parse(read('package.json'));
  const why = whyNotAfter(before, version);
  if (why !== null) throw new Error(why);
  const changed = git('status', '--porcelain');
  if (changed !== '') throw new Error(`the work tree is not clean: commit or take back\n${changed}`);
  const tag = `v${version}`;
  if (git('tag', '--list', tag) !== '') throw new Error(`the tag ${tag} is there already`);

  const repository = address === null ? null : repositoryFields(address);
  const edits = new Map([
    ['package.json', withVersion(read('package.json'), version, repository)],
    ['package-lock.json', lockWithVersion(read('package-lock.json'), version)],
    ['CHANGELOG.md', withHeading(read('CHANGELOG.md'), version, new Date().toISOString().slice(0, 10))],
  ]);
  for (const file of git('ls-files', 'deploy', 'docker-compose.yml')
    .split('\n')
    .filter((each) => /\.ya?ml$/.test(each))) {
    const edited = withImage(read(file), before, version);
    if (edited !== read(file)) edits.set(file, edited);
  }
  const engine = spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0;
  const made = {
    package: `${OUT}/${name}-${version}.tgz`,
    bill: `${OUT}/${name}-${version}.cdx.json`,
    image: engine ? `${name}:${version}` : null,
  };
  if (dry) return tellPlan([...edits.keys()], made, tag);

  mkdirSync(join(root, OUT), { recursive: true });
  try {
    for (const [file, text] of edits) writeFileSync(join(root, file), text);
    // This document contains the version.
    run('npm', ['run', '--silent', 'docs:asyncapi']);
    run('npm', ['pack', '--pack-destination', OUT]);
    if (!existsSync(join(root, made.package))) throw new Error(`npm pack left no ${made.package}`);
    run(process.execPath, ['scripts/sbom.mjs', made.bill]);
    if (made.image !== null) run('docker', ['build', '--tag', made.image, '.']);
  } catch (error) {
    git('checkout', '--', '.');
    throw new Error(`${error.message}. The files are as they were, and nothing is committed`, { cause: error });
  }
  git('commit', '--all', '--message', `Release ${version}`);
  git('tag', '--annotate', tag, '--message', `${name} ${version}`);

  console.log(`\nmade ${made.package}\nmade ${made.bill}`);
  if (made.image !== null) {
    const digest = output('docker', ['image', 'inspect', '--format', '{{.Id}}', made.image]);
    console.log(`made image ${made.image}, ${digest}`);
  } else console.log('no image: no container engine answers');
  console.log(`made commit ${git('rev-parse', '--short', 'HEAD')} and tag ${tag}\n`);
  tellPublishing(made, tag, JSON.parse(read('package.json')).private === true);
}

function tellPlan(files, made, tag) {
  console.log(`would change  ${[...files, 'docs/asyncapi.yaml'].join(', ')}`);
  console.log(
    `would make    ${[made.package, made.bill, made.image ?? 'no image: no container engine answers'].join(', ')}`,
  );
  console.log(`would commit, and tag it ${tag}; nothing was changed`);
}

function tellPublishing(made, tag, isPrivate) {
  console.log('Nothing was published. Once you are sure:');
  console.log(`  git push origin HEAD ${tag}`);
  if (isPrivate) console.log('  (package.json is private: release with --repository URL to publish at npm)');
  else console.log(`  npm publish ./${made.package}`);
  if (made.image !== null)
    console.log(`  docker tag ${made.image} REGISTRY/${made.image} && docker push REGISTRY/${made.image}`);
  console.log(`To take it back: git tag --delete ${tag} && git reset --hard HEAD~1`);
}

function git(...args) {
  return output('git', args);
}

/** The output of a program. @throws Error with its error output. */
function output(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr.trim()}`);
  return stdout.trimEnd();
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
}
