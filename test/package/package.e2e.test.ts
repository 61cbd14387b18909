import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { VERSION } from '../../src/cli/io.ts';
import { withPipeline } from '../e2e/support/pipeline.ts';
import type { Built } from '../e2e/support/program.ts';
import { describeReal, stack } from '../support/stack.ts';
import { copyCheckout, ROOT } from './support/checkout.ts';
import { done, run } from './support/npm.ts';

const QUIETLY = ['--prefer-offline', '--no-audit', '--no-fund'] as const;
/** The oldest supported version, and the newest when this was last checked: see docs/RELEASING.md. */
const VERSIONS = ['22.15.0', '26.10.0'] as const;
/** Longest that a command may take, ms, on a busy machine. */
const LONGEST = 300_000;

let directory: string;
let tarball: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-package-'));
  const checkout = join(directory, 'checkout');
  copyCheckout(checkout, true);
  const { out } = done(['npm', 'pack', '--json', '--pack-destination', directory], checkout);
  const packed = JSON.parse(out.slice(out.indexOf('[\n'))) as { filename: string }[];
  tarball = join(directory, packed[0]!.filename);
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Installs that version of Node.js with npm. */
function nodeOf(version: string): string {
  const { platform, arch } = process;
  const name = `${platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'}-${platform}-${arch}`;
  const home = emptyProject(`node-${version}`);
  done(['npm', 'install', ...QUIETLY, `${name}@${version}`], home);
  return join(home, 'node_modules', name, 'bin', 'node');
}

function emptyProject(name: string): string {
  const home = join(directory, name);
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{ "private": true, "type": "module" }\n');
  return home;
}

describe.each(VERSIONS)('the package, installed into an empty folder on Node.js %s', (version) => {
  let node: string;
  let home: string;
  let built: Built;

  beforeAll(() => {
    node = nodeOf(version);
    home = emptyProject(`on-${version}`);
    done(['npm', 'install', ...QUIETLY, '--engine-strict', tarball], home, {}, node);
    built = { node, main: join(home, 'node_modules', '.bin', 'tidemark') };
  });

  const tidemark = (...args: string[]) => run([node, built.main, ...args], home, {}, node);

  test('runs the commands that need nothing else', () => {
    expect(done([node, '--version'], home).out).toBe(`v${version}\n`);
    expect(tidemark('--version')).toEqual({ code: 0, out: `${VERSION}\n`, err: '' });
    expect(tidemark('config', '--check')).toEqual({ code: 0, out: 'the settings can be used\n', err: '' });
    const scenarios = join(ROOT, 'test', 'scenarios', 'given');
    const { code, out } = tidemark('test', scenarios);
    expect(out).toMatch(/\n[1-9]\d* passed, 0 failed\n$/);
    expect(code).toBe(0);
  });

  test('folds what a program hands to tidemark/core, and lets it import nothing else', () => {
    cpSync(join(ROOT, 'examples', 'fold.ts'), join(home, 'fold.ts'));
    const flags = version.startsWith('22.') ? ['--experimental-strip-types', '--no-warnings'] : [];
    const { out } = done([node, ...flags, 'fold.ts', '20m'], home, {}, node);
    expect(out).toContain('visit / → /shop: 2 events, 20 min, inactivity\n');
    expect(out).toContain('session s1: 2 visits\n');
    const closed = "await import('tidemark/dist/core/partition.js').catch(({ code }) => console.log(code))";
    expect(done([node, '--input-type=module', '-e', closed], home, {}, node).out).toBe(
      'ERR_PACKAGE_PATH_NOT_EXPORTED\n',
    );
  });

  test('is distinguished from a checkout whose own Node.js was not installed', () => {
    const checkout = join(directory, `bare-${version}`);
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    cpSync(join(ROOT, 'scripts'), join(checkout, 'scripts'), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(checkout, 'package.json'));
    for (const name of Object.keys(devDependencies))
      mkdirSync(join(checkout, 'node_modules', name), { recursive: true });
    const { code, err } = run(['npm', 'run', '--silent', 'demo'], checkout, {}, node);
    // A newer version fails one step later, because these folders have no compiler.
    const said = version.startsWith('22.')
      ? /^tidemark: this is Node.js 22.15.0, and Node.js 24 is not in node_modules.* Run npm ci --ignore-scripts=false\n$/
      : /^tidemark is not built: /;
    expect(err).toMatch(said);
    expect(code).toBe(1);
  });

  describeReal('beside real parts', () => {
    test('sets up, and folds until it is stopped', async () => {
      await withPipeline(stack(), 'package', async (pipeline) => {
        const check = async () => {
          const program = pipeline.start(['setup', '--check'], {}, built);
          return { ...(await program.over(LONGEST)), out: program.out };
        };
        const before = await check();
        expect(before.out.filter((line) => /^missing/.test(line)).length).toBeGreaterThan(3);
        expect(before.code).toBe(1);
        expect(await pipeline.start(['setup'], {}, built).over(LONGEST)).toEqual({ code: 0, signal: null });
        const after = await check();
        expect([after.code, after.out.at(-1)]).toEqual([0, expect.stringMatching(/^nothing is missing/)]);

        const program = pipeline.start(['run'], {}, built);
        await program.ready();
        await pipeline.startWriting(1);
        await program.logs(/^published$/);
        await pipeline.stopWriting();
        await pipeline.settled();
        expect(await program.stop(LONGEST)).toEqual({ code: 0, signal: null });
      });
    });
  });
});

describe('the package', () => {
  let home: string;
  beforeAll(() => {
    home = emptyProject('types');
    done(['npm', 'install', ...QUIETLY, '--ignore-scripts', tarball], home);
  });

  const installed = (path: string) => join(home, 'node_modules', 'tidemark', path);

  test('has types that a strict compiler takes, and that refuse what is wrong', () => {
    writeFileSync(join(home, 'use.ts'), USE);
    const compiler = createRequire(import.meta.url).resolve('typescript/package.json');
    const flags = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--module',
      'nodenext',
      '--target',
      'es2022',
    ];
    const tsc = join(dirname(compiler), 'bin', 'tsc');
    expect(run([process.execPath, tsc, ...flags, 'use.ts'], home)).toEqual({ code: 0, out: '', err: '' });
  });

  test('has all that its README links to', () => {
    const readme = readFileSync(installed('README.md'), 'utf8').replace(/^```[\s\S]*?^```/gm, '');
    const links = [...readme.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target]) => target!.split('#')[0]!);
    const own = [...new Set(links.filter((target) => target !== '' && !/^[a-z]+:/.test(target)))];
    expect(own.length).toBeGreaterThan(10);
    expect(own.filter((target) => !existsSync(installed(target)))).toEqual([]);
  });
});

const USE = `
import { Partition, rules, type Outcome, type Visit, type VisitEnded } from 'tidemark/core';

const partition = new Partition(rules({ 'visit.gap': '20m' }), { topic: 'clicks', partition: 3 });
const event = { event_id: 'e', session_id: 's', type: 'page-view', occurred_at: 0 };
const outcome: Outcome = partition.fold({ offset: 5, timestamp: 0, event });
const [visit]: Visit[] = partition.visits();
const messages: readonly VisitEnded[] = partition.messages();
export const told: string | null | undefined = outcome.kind === 'dead' ? outcome.error : visit?.entry_page;
export const counts: Record<string, number> = { ...messages[0]?.event_types };

// @ts-expect-error a key that is none
rules({ 'visit.gab': '20m' });
// @ts-expect-error a duration is a text
rules({ 'visit.gap': 20 });
// @ts-expect-error no type of event
partition.fold({ timestamp: 0, event: { event_id: 'e', session_id: 's', occurred_at: 0 } });
// @ts-expect-error nothing inside
partition.tables;
// @ts-expect-error closed
import('tidemark/dist/core/partition.js');
`;
