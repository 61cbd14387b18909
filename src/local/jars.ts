/**
 * Fetches the broker and the schema registry with Maven, once for each user and version.
 *
 * Invariant: the cache directory exists only if it is complete. It is filled under another name and renamed, so that two
 * starts at once, or one that was interrupted, leave nothing incomplete.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Keeper } from './keeper.ts';
import { run } from './run.ts';

const KAFKA = '4.1.1';
/** The last release of 2.6: version 3 needs Java 21. */
const REGISTRY = '2.6.13.Final';

export interface Jars {
  /** Directory of the broker's jars, its command line tools among them. */
  readonly kafka: string;
  /** The registry's jar, to be run by `java -jar`. */
  readonly registry: string;
}

/** Where the jars of these versions are, or will be. */
export function jarsIn(env: NodeJS.ProcessEnv): Jars & { readonly directory: string } {
  const directory = join(
    env.XDG_CACHE_HOME || join(homedir(), '.cache'),
    'tidemark',
    `kafka-${KAFKA}-apicurio-${REGISTRY}`,
  );
  return {
    directory,
    kafka: join(directory, 'kafka'),
    registry: join(directory, 'registry', `apicurio-registry-app-${REGISTRY}-runner.jar`),
  };
}

export function haveJars(env: NodeJS.ProcessEnv): boolean {
  return existsSync(jarsIn(env).directory);
}

/** The jars, fetched first if they are not in the cache: about 190 MB. */
export async function fetchJars(
  env: NodeJS.ProcessEnv,
  keeper: Keeper,
  onProgress: (line: string) => void,
): Promise<Jars> {
  const jars = jarsIn(env);
  if (existsSync(jars.directory)) return jars;
  const partial = await makePartial(jars.directory);
  keeper.remove(partial);
  onProgress(`fetching Kafka ${KAFKA} and a schema registry with Maven (about 190 MB, once)`);
  await writeFile(join(partial, 'pom.xml'), POM);
  const progress = reporter(onProgress);
  let pid = 0;
  try {
    await run('mvn', ['-B', '-f', join(partial, 'pom.xml'), 'generate-resources'], {
      cwd: partial,
      env,
      onLine: progress,
      onStart: (started) => {
        pid = started;
        keeper.watch(pid, 'KILL');
      },
    });
  } catch (error) {
    const { message } = error as Error;
    const what = 'Kafka and the schema registry could not be fetched with Maven';
    throw new Error(`${what}. ${whatHelps(message)}, then start again. ${message}`, { cause: error });
  } finally {
    keeper.unwatch(pid);
  }
  try {
    await rename(partial, jars.directory);
  } catch (error) {
    // Another start was faster, and its files are the same.
    if (!existsSync(jars.directory)) throw error;
    await rm(partial, { recursive: true });
  }
  return jars;
}

/** Makes the directory that they are fetched to first. @throws Error that names the variable for another cache directory. */
async function makePartial(directory: string): Promise<string> {
  const parent = dirname(directory);
  try {
    await mkdir(parent, { recursive: true });
    return await mkdtemp(`${directory}.partial-`);
  } catch (error) {
    const what = `Kafka and a schema registry are kept in ${parent}, which cannot be written`;
    const help = 'set XDG_CACHE_HOME to a directory that can';
    throw new Error(`${what} (${(error as Error).message}): ${help}`, { cause: error });
  }
}

/** Advice. @param output Maven's last lines. */
function whatHelps(output: string): string {
  return output.includes('Could not create local repository')
    ? 'Maven cannot write where it keeps what it fetched: name a directory where it can, MAVEN_OPTS=-Dmaven.repo.local=DIR'
    : 'Check that it reaches its repository (a proxy or mirror goes into settings.xml)';
}

/** Reports how far Maven is, with at most a line every two seconds. */
function reporter(onProgress: (line: string) => void): (line: string) => void {
  let files = 0;
  let last = Date.now();
  return (line) => {
    if (!line.includes('Downloaded')) return;
    files += 1;
    if (Date.now() - last < 2000) return;
    last = Date.now();
    onProgress(`fetching: ${files} files so far`);
  };
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tidemark.local</groupId><artifactId>stack</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${KAFKA}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
  <build><plugins><plugin>
    <groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId><version>3.8.1</version>
    <executions>
      <execution>
        <id>kafka</id><phase>generate-resources</phase><goals><goal>copy-dependencies</goal></goals>
        <configuration><outputDirectory>\${project.basedir}/kafka</outputDirectory></configuration>
      </execution>
      <execution>
        <id>registry</id><phase>generate-resources</phase><goals><goal>unpack</goal></goals>
        <configuration>
          <artifactItems><artifactItem>
            <groupId>io.apicurio</groupId><artifactId>apicurio-registry-app</artifactId><version>${REGISTRY}</version>
            <type>tar.gz</type><classifier>all</classifier>
          </artifactItem></artifactItems>
          <outputDirectory>\${project.basedir}/registry</outputDirectory>
          <markersDirectory>\${project.basedir}/markers</markersDirectory>
        </configuration>
      </execution>
    </executions>
  </plugin></plugins></build>
</project>
`;
