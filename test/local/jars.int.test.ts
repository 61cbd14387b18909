import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fetchJars, haveJars } from '../../src/local/jars.ts';
import { Keeper } from '../../src/local/keeper.ts';

describe('the cache of jars', () => {
  let directory: string;
  let env: NodeJS.ProcessEnv;
  let keeper: Keeper;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tidemark-jars-'));
    env = { PATH: `${directory}/bin:${process.env.PATH}`, XDG_CACHE_HOME: join(directory, 'cache') };
    keeper = new Keeper();
  });

  afterEach(async () => {
    await keeper.stop();
    await rm(directory, { recursive: true });
  });

  test('two starts at once both end with the whole of it, and nothing beside it', async () => {
    await maven('sleep 0.2; mkdir -p kafka registry; echo jar > kafka/a.jar');
    const both = await Promise.all([fetchJars(env, keeper, () => {}), fetchJars(env, keeper, () => {})]);
    expect(await readdir(both[0].kafka)).toEqual(['a.jar']);
    expect(both[1]).toEqual(both[0]);
    expect(await readdir(join(directory, 'cache', 'tidemark'))).toHaveLength(1);
  });

  test('what is there is not fetched again', async () => {
    await maven('mkdir kafka');
    await fetchJars(env, keeper, () => {});
    await maven('exit 1');
    expect(existsSync((await fetchJars(env, keeper, () => {})).kafka)).toBe(true);
  });

  test('a home that cannot be written is reported, with how the jars are kept elsewhere', async () => {
    await writeFile(join(directory, 'cache'), 'a file, where no directory can be made\n');
    await expect(fetchJars(env, keeper, () => {})).rejects.toThrow(
      /are kept in .*cache\/tidemark, which cannot be written \(ENOTDIR: .*\): set XDG_CACHE_HOME to a directory that can$/,
    );
  });

  test('a Maven that cannot write its own repository is reported, with how to give it another', async () => {
    await maven('echo "[ERROR] Could not create local repository at /nowhere"; exit 1');
    await expect(fetchJars(env, keeper, () => {})).rejects.toThrow(
      /MAVEN_OPTS=-Dmaven\.repo\.local=DIR, then start again\. mvn ended with exit code 1:\n.*at \/nowhere/,
    );
  });

  test('a fetch that fails leaves no incomplete cache, and shows the output of Maven', async () => {
    await maven('mkdir kafka; echo "[ERROR] no route to host"; exit 1');
    await expect(fetchJars(env, keeper, () => {})).rejects.toThrow('no route to host');
    expect(haveJars(env)).toBe(false);
    await keeper.stop();
    expect(await readdir(join(directory, 'cache', 'tidemark'))).toEqual([]);
  });

  /** A fake Maven that runs `script` in the directory where the real one would put its files. */
  async function maven(script: string): Promise<void> {
    await mkdir(join(directory, 'bin'), { recursive: true });
    await writeFile(join(directory, 'bin', 'mvn'), `#!/bin/sh\n${script}\n`);
    await chmod(join(directory, 'bin', 'mvn'), 0o755);
  }
});
