import { expect, test } from '@jest/globals';
import { Random } from '../../src/simulate/random.ts';
import { createDecoder } from '../../src/wire/decoder.ts';
import { type TestPipeline, withPipeline } from '../e2e/support/pipeline.ts';
import { describeReal, stack } from '../support/stack.ts';
import { mutate } from './support/corpus.ts';
import { type Bad, CODECS, Feed } from './support/feed.ts';
import { writeLines } from './support/java-lines.ts';
import { expectEachInOnePlace, header, ONE_THREAD, type Places } from './support/places.ts';

const SEED = Number(process.env.BAD_INPUT_SEED ?? Math.floor(Math.random() * 1e6));
const MUTATED = Number(process.env.BAD_INPUT_MUTATED ?? 1_000);
const SETTINGS = {
  TIDEMARK_VISIT_ALLOWED_LATENESS: '1h',
  TIDEMARK_VISIT_MAX_AGE: '2h',
  TIDEMARK_VISIT_MAX_EVENTS: '1000',
  TIDEMARK_COMMIT_MAX_BYTES: '8MB',
  TIDEMARK_LOG_LEVEL: 'info',
};

describeReal('bad input, as JSON', () => {
  test('each record is in one place; what the broker’s own producer compresses is read', async () => {
    const { dead, truncated } = await feed('json', texts(), async (pipeline) => {
      let written = 0;
      for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
        const lines = Array.from({ length: 300 }, (_, i) => eventText({ event_id: `${codec}-${i}` }));
        written += await writeLines(pipeline, [...lines, '{', '[]', 'NaN'], codec);
      }
      return written;
    });
    expect(dead.some((record) => header(record, 'reason') === 'undecodable')).toBe(true);
    expect(dead.some((record) => header(record, 'reason') === 'invalid')).toBe(true);
    expect(truncated).toEqual([]);
  });

  test('each event of Tracardi’s payloads is in one place, and those of one payload do not fill the disk', async () => {
    const large = payload(
      Array.from({ length: 1_000 }, (_, i) => (i % 2 === 0 ? i : { type: 'a', id: `large-${i}` })),
      {
        more: 'x'.repeat(500_000),
      },
    );
    const tooMany = payload(Array.from({ length: 100_000 }, () => 1));
    const { dead, truncated } = await feed('tracardi', [...payloads(), large, tooMany], async () => 0);
    const said = dead.filter((record) => /at most 1000 are taken/.test(header(record, 'error') ?? ''));
    expect(said).toHaveLength(1);
    expect(truncated.length).toBeGreaterThan(400);
    expect(Math.min(...truncated)).toBeGreaterThan(500_000);
  });
});

/** Writes the texts, and mutations of good ones with each codec, and checks where all went. */
async function feed(
  format: 'json' | 'tracardi',
  values: readonly string[],
  more: (pipeline: TestPipeline) => Promise<number>,
): Promise<Places> {
  let places: Places | null = null;
  const body = async (pipeline: TestPipeline) => {
    await pipeline.setUp();
    const feed = await Feed.open(pipeline);
    try {
      const bad = (value: string | Buffer): Bad => ({ what: 'bad', key: 's', value: Buffer.from(value) });
      await feed.write(values.map(bad));
      const program = pipeline.run(ONE_THREAD);
      await program.ready();
      const random = new Random(SEED);
      const good = () =>
        format === 'json' ? eventText() : payload([{ type: 'a' }, { type: 'b', id: `m${random.below(50)}` }]);
      for (const codec of CODECS) {
        const count = Math.ceil(MUTATED / CODECS.length);
        await feed.write(
          Array.from({ length: count }, () => bad(mutate(random, Buffer.from(good())))),
          codec,
        );
      }
      await feed.abort([bad(good()), bad('{')]);
      feed.written += await more(pipeline);
      await feed.write([
        bad(format === 'json' ? eventText({ event_id: 'last' }) : payload([{ type: 'a', id: 'last' }])),
      ]);
      await pipeline.settled();
      places = await expectEachInOnePlace(pipeline, program, feed.written, async () => (record, partition) => {
        const source = { topic: pipeline.name, partition };
        return createDecoder(format, source, { keepProperties: true }).decode(record);
      });
      const last = "SELECT status FROM visits JOIN visit_events USING (visit_id) WHERE event_id = 'last'";
      expect((await (await pipeline.database()).query(last)).rows).toEqual([{ status: 'ended' }]);
      expect(await program.stop()).toEqual({ code: 0, signal: null });
    } catch (error) {
      (error as Error).message += `\nBAD_INPUT_SEED=${SEED} writes the same values again`;
      throw error;
    } finally {
      await feed.close();
    }
  };
  await withPipeline(stack(), `bad_${format}`, body, { ...SETTINGS, TIDEMARK_INPUT_FORMAT: format });
  return places!;
}

function eventText(fields: object = {}, extra = ''): string {
  const event = {
    ...{ event_id: crypto.randomUUID(), session_id: 's', type: 'page-view', occurred_at: Date.now() },
    ...{ profile_id: 'p', context: { page: { path: '/' } }, traits: { a: 1 }, properties: { b: 'c' } },
    ...fields,
  };
  return `${JSON.stringify(event).slice(0, -1)}${extra}}`;
}

/** What JSON can be that an event cannot. */
function texts(): string[] {
  return [
    ...[
      '',
      '{',
      'null',
      '[]',
      '1',
      '"',
      '{}',
      '\ufeff{}',
      '{"event_id":}',
      '[[['.repeat(100_000),
      '{"a":'.repeat(50_000),
    ],
    eventText({}, ',"type":"sign-out","type":"page-view"'),
    eventText({}, ',"session_id":null'),
    eventText({}, `,"traits":{"__proto__":1,"constructor":2,"k":1,"k":null,"":3}`),
    eventText({}, ',"__proto__":{"event_id":"x"}'),
    eventText({}, ',"properties":{"n":1e999,"m":-1e999}'),
    eventText({}, ',"traits":{"n":1e308,"m":5e-324,"o":-0,"p":123456789012345678901234567890}'),
    eventText({}, ',"occurred_at":1e999'),
    eventText({}, ',"occurred_at":"9999-12-31T23:59:59Z"'),
    eventText({}, ',"event_id":"\\ud800"'),
    eventText({}, ',"traits":{"\\ud800":"\\udc00\\u0000"},"properties":{"\\u0000":"\\u0000\\ud83d"}'),
    eventText({}, ',"context":{"extra":{"\\u0000":"\\ud800"},"page":{"path":"/\\u0000\\udfff"}}'),
    eventText(
      {},
      `,"properties":${JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [i, i])))}`,
    ),
    eventText({}, `,"properties":{"deep":${'['.repeat(10_000)}${']'.repeat(10_000)}}`),
  ];
}

function payload(events: readonly unknown[], context: object = {}): string {
  return JSON.stringify({ session: { id: 's' }, profile: { id: 'p' }, source: { id: 'w' }, context, events });
}

function payloads(): string[] {
  const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const withProperties = (value: string) =>
    payload([{ type: 'a', properties: { x: 'HERE' } }]).replace('"HERE"', value);
  return [
    ...['', '{}', '[]', payload([]), payload([null, 1, 'a', [], {}, { type: '' }, { type: 'a' }, { type: ' a ' }])],
    ...[
      withProperties(deep(90)),
      withProperties(deep(5_000)),
      withProperties('1e999'),
      withProperties('{"__proto__":[1]}'),
    ],
    payload([{ type: 'a', id: 'twice' }, { type: 'a', id: 'twice' }, { type: 'sign-out' }, { type: 'b' }]),
    payload([
      { type: 'a', time: { create: '2100-01-01T00:00:00Z' } },
      { type: 'a', time: { insert: 5 } },
      { type: 'a', time: [] },
    ]),
    payload([{ type: 'a\0' }, { type: 'a', id: '\ud800' }, { type: 'a', properties: { '\0': '\ud800' } }]),
    payload([{ type: 'a', context: { x: 'x'.repeat(40_000) } }, { type: 'a' }], { '\0': { y: '\ud800' } }),
  ];
}
