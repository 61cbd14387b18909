import { afterAll, expect, test } from '@jest/globals';
import kafkajs from 'kafkajs';
import { describeReal, uniqueName } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { makeTopic, produce, Reader } from './support/broker.ts';
import { consoleConsumer, consoleProducer } from './support/console.ts';

const { CompressionTypes } = kafkajs;
const CODECS = [
  ['gzip', CompressionTypes.GZIP],
  ['snappy', CompressionTypes.Snappy],
  ['lz4', CompressionTypes.LZ4],
  ['zstd', CompressionTypes.ZSTD],
] as const;

/** Enough, and uneven enough, for several blocks of every codec in one batch. */
const lines = Array.from({ length: 2_000 }, (_, i) => `${i} ${(i * 2_654_435_761).toString(36).repeat(1 + (i % 9))}`);

describeReal('compressed records', () => {
  const readers: Reader[] = [];
  afterAll(async () => {
    await Promise.all(readers.map(({ log }) => log.stop()));
  });

  test.each(CODECS.map(([name]) => name))(
    'that a Java producer compressed with %s are read as written',
    async (name) => {
      const topic = await makeTopic();
      await consoleProducer(topic, name, lines);
      const reader = new Reader({ topic, group: uniqueName('g') });
      readers.push(reader);
      await reader.log.start(reader);
      await until('all are read', () => reader.values().length >= lines.length);
      expect(reader.values()).toEqual(lines);
      expect(reader.failures).toEqual([]);
    },
  );

  test('that we compress with any codec are read by a Java consumer', async () => {
    const topic = await makeTopic();
    for (const [name, type] of CODECS) {
      await produce(
        topic,
        lines.map((line) => ({ value: `${name} ${line}` })),
        type,
      );
    }
    const wanted = CODECS.flatMap(([name]) => lines.map((line) => `0|null|${name} ${line}`));
    expect(await consoleConsumer(topic, 1, wanted.length)).toEqual(wanted);
  });
});
