import { expect, test } from '@jest/globals';
import { AvroDecoder, schemaIdOf, UNKNOWN_SCHEMA } from '../../src/wire/avro.ts';
import { TRACK_EVENT_SCHEMA } from '../../src/wire/schemas.ts';
import { PARTITIONS, type TestPipeline, withPipeline } from '../e2e/support/pipeline.ts';
import type { ConsoleRecord } from '../support/read-topic.ts';
import { registerSchema, schemaOf } from '../support/registry.ts';
import { describeReal, stack } from '../support/stack.ts';
import { avroOf, corpus, event, foreignSchemas, mutated } from './support/corpus.ts';
import { type Bad, CODECS, Feed } from './support/feed.ts';
import { type Decode, expectEachInOnePlace, ONE_THREAD } from './support/places.ts';

const env = (name: string, otherwise: number) => Number(process.env[`BAD_INPUT_${name}`] ?? otherwise);
/** Sessions with one event, events of one session, mutated values: a million each is a matter of minutes. */
const SESSIONS = env('SESSIONS', 20_000);
const EVENTS = env('EVENTS', 20_000);
const MUTATED = env('MUTATED', 2_000);
const SEED = env('SEED', Math.floor(Math.random() * 1e6));

/** What the dead-letter topic takes: less than the input. */
const DEAD_LETTER_BYTES = 300_000;

/** Nothing freezes while the test runs, so that each event that is no duplicate can be found in a visit. */
const SETTINGS = {
  TIDEMARK_VISIT_ALLOWED_LATENESS: '1h',
  TIDEMARK_VISIT_MAX_AGE: '2h',
  TIDEMARK_VISIT_MAX_DURATION: '1h',
  TIDEMARK_VISIT_MAX_EVENTS: '1000',
  TIDEMARK_COMMIT_MAX_BYTES: '8MB',
  TIDEMARK_LOG_LEVEL: 'info',
};

describeReal('bad input, in Avro', () => {
  test('each record is in one place, as it came; the processor goes on with what follows', async () => {
    await withPipeline(
      stack(),
      'bad',
      async (pipeline) => {
        await makeTopics(pipeline);
        await pipeline.setUp();
        const ours = await registerSchema(pipeline.parts, `${pipeline.name}-value`, TRACK_EVENT_SCHEMA);
        const foreign = await Promise.all(
          foreignSchemas().map(async ({ what, schema, body }, i) => {
            const text = typeof schema === 'string' ? schema : JSON.stringify(schema);
            return { what, body, id: await registerSchema(pipeline.parts, `${pipeline.name}-${i}`, text) };
          }),
        );
        const feed = await Feed.open(pipeline);
        try {
          // The one half as a backlog, the other as it comes.
          await feed.write(corpus(ours, foreign));
          await feed.write(sessions(ours, SESSIONS));
          const program = pipeline.run(ONE_THREAD);
          await program.ready();
          await feed.write(oneSession(ours, EVENTS));
          for (const [i, codec] of CODECS.entries()) {
            await feed.write(mutated(ours, SEED + i, Math.ceil(MUTATED / CODECS.length)), codec);
            await feed.abort([...mutated(ours, SEED - i - 1, 20)]);
          }
          const last = Array.from({ length: PARTITIONS }, (_, partition): Bad => {
            const session = `last-${partition}`;
            return { what: 'good', key: session, value: avroOf(ours, event(session)), partition };
          });
          await feed.write(last);
          await settled(pipeline, feed.written);

          const places = await expectEachInOnePlace(pipeline, program, feed.written, (input) =>
            decoderFor(pipeline, input),
          );
          const { rows } = await (await pipeline.database()).query(
            `SELECT session_id FROM visits WHERE session_id LIKE 'last-%' AND status = 'ended' ORDER BY 1`,
          );
          expect(rows).toEqual(last.map(({ key }) => ({ session_id: key })));
          // Without these, little of the above was tested.
          expect(places.truncated.length).toBeGreaterThan(3);
          expect(Math.min(...places.truncated)).toBeGreaterThan(DEAD_LETTER_BYTES - 2_000);
          expect(places.duplicates).toBeGreaterThan(1);
          expect(places.accepted).toBeGreaterThan(SESSIONS + EVENTS * 0.8);
          for (const reason of ['undecodable', 'invalid', 'future', 'visit_full']) {
            expect([
              reason,
              places.dead.some(({ headers }) => headers.some(([, value]) => value.toString() === reason)),
            ]).toEqual([reason, true]);
          }
          expect(await program.stop()).toEqual({ code: 0, signal: null });
        } catch (error) {
          (error as Error).message += `\nBAD_INPUT_SEED=${SEED} writes the same mutations again`;
          throw error;
        } finally {
          await feed.close();
        }
      },
      SETTINGS,
    );
  });
});

/** The input takes 16 MB, the dead-letter topic much less. */
async function makeTopics(pipeline: TestPipeline): Promise<void> {
  const admin = await pipeline.admin();
  const topic = (name: string, bytes: number) => ({
    ...{ topic: name, numPartitions: PARTITIONS },
    configEntries: [
      { name: 'max.message.bytes', value: String(bytes) },
      { name: 'message.timestamp.type', value: name === pipeline.name ? 'LogAppendTime' : 'CreateTime' },
    ],
  });
  const { deadLetter } = pipeline.settings;
  await admin.createTopics({ topics: [topic(pipeline.name, 16_000_000), topic(deadLetter.topic, DEAD_LETTER_BYTES)] });
}

function* sessions(id: number, count: number): Generator<Bad> {
  for (let i = 0; i < count; i++) yield { what: 'one', key: `one-${i}`, value: avroOf(id, event(`one-${i}`)) };
}

/** A bot: a millisecond between any two, and then far more at one moment than its visit takes. */
function* oneSession(id: number, count: number): Generator<Bad> {
  const start = Date.now() - 600_000;
  const bot = (t: number): Bad => ({ what: 'bot', key: 'bot', value: avroOf(id, event('bot', { occurred_at: t })) });
  for (let i = 0; i < count; i++) yield bot(start + i);
  for (let i = 0; i < 1_500; i++) yield bot(start + 10);
}

async function settled(pipeline: TestPipeline, written: number): Promise<void> {
  for (let left = Math.ceil(written / 100_000); ; left--) {
    try {
      return await pipeline.settled();
    } catch (error) {
      if (left <= 0) throw error;
    }
  }
}

/** Looks up each id that the records name in the registry. */
async function decoderFor({ parts }: TestPipeline, input: readonly ConsoleRecord[]): Promise<Decode> {
  const avro = new AvroDecoder({ keepProperties: true });
  for (const id of new Set(input.map(({ value }) => schemaIdOf(value)))) {
    if (id === null) continue;
    avro.addWriter(id, (await schemaOf(parts, id)) ?? UNKNOWN_SCHEMA);
  }
  return (record) => avro.decode(record);
}
