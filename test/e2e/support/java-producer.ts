import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { output } from '../../support/read-topic.ts';
import type { TestPipeline } from './pipeline.ts';

const PROGRAM = fileURLToPath(new URL('./AvroProducer.java', import.meta.url));

/** Apache Avro comes with the schema registry, beside the broker's jars. */
function avroJars(jars: string | null): string[] {
  const directory = join(jars ?? '', '..', 'registry', 'lib');
  if (jars === null || !existsSync(directory)) return [];
  const wanted = /^(org\.apache\.avro\.avro-|com\.fasterxml\.jackson\.core\.jackson-)/;
  return readdirSync(directory)
    .filter((file) => wanted.test(file))
    .map((file) => join(directory, file));
}

/** What keeps a producer in Java from being run here; null if nothing does. */
export function whyNoJavaProducer({ java, jars }: { java: string; jars: string | null }): string | null {
  if (avroJars(jars).length === 0) return 'Apache Avro for Java comes with the local stack only';
  const modules = execFileSync(java, ['--list-modules'], { encoding: 'utf8' });
  return modules.includes('jdk.compiler') ? null : 'this Java has no compiler';
}

/** Three events for each of so many sessions. @returns how many records were written. */
export async function writeFromJava({ parts, name }: TestPipeline, sessions: number): Promise<number> {
  const clients = readdirSync(parts.jars!).filter((file) => /^(kafka-clients|lz4-java|slf4j-)/.test(file));
  const jars = [...clients.map((file) => join(parts.jars!, file)), ...avroJars(parts.jars)];
  const { SCHEMA_REGISTRY_TLS_CA: ca, SCHEMA_REGISTRY_USERNAME: user, SCHEMA_REGISTRY_PASSWORD: password } = parts.env;
  const access = parts.properties === null ? [] : [parts.properties, ca!, `${user}:${password}`];
  await output(parts.java, [
    // Before Java 18 a source is read as the machine's locale has it: without one, as ASCII.
    '-Dfile.encoding=UTF-8',
    ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'],
    ...['-cp', jars.join(':'), PROGRAM, parts.brokers.join(','), parts.registryUrl, name, String(sessions), ...access],
  ]);
  return sessions * 3;
}
