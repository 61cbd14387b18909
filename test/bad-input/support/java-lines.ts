import { spawn } from 'node:child_process';
import type { TestPipeline } from '../../e2e/support/pipeline.ts';

/** Writes each line as a value, without a key, by the broker's own producer with a codec. */
export async function writeLines(
  { parts: { brokers, java, jars, properties }, name }: TestPipeline,
  lines: readonly string[],
  codec: string,
): Promise<number> {
  if (jars === null) throw new Error("set TIDEMARK_KAFKA_JARS to a directory with the broker's jars");
  const child = spawn(
    java,
    [
      ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'],
      ...['-cp', `${jars}/*`, 'org.apache.kafka.tools.ConsoleProducer', '--bootstrap-server', brokers.join(',')],
      ...(properties === null ? [] : ['--producer.config', properties]),
      ...['--topic', name, '--compression-codec', codec],
    ],
    { stdio: ['pipe', 'ignore', 'pipe'] },
  );
  const err: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`the console producer ended with code ${code}: ${Buffer.concat(err)}`);
  return lines.length;
}
