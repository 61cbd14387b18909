import { expect, test } from '@jest/globals';
import { describeReal, stack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { type TestPipeline, withPipeline } from './support/pipeline.ts';
import { type Input, plainEvent } from './support/traffic.ts';

/** In everything that users' data can be in: whatever of it gets into the log has this in it. */
const MARK = 'Ada-Lovelace';

describeReal('the log of a processor', () => {
  test('at its lowest level holds nothing of what events say, whatever becomes of them, and what fails', async () => {
    await withPipeline(
      stack(),
      'quiet',
      async (pipeline) => {
        await pipeline.setUp();
        const program = pipeline.run();
        await program.ready();
        const writer = await pipeline.writer();
        for (const moment of [0, 1, 2]) {
          await writer.write(records(moment));
          if (moment === 1) await fail(pipeline);
          await until('it is folded', async () => {
            const status = await pipeline.status();
            return status.reduce((sum, { counts }) => sum + counts.records, 0) === writer.written;
          });
        }
        await pipeline.settled();
        await program.get(`/api/session?id=${MARK}`);
        await program.get(`/${MARK}`);
        expect(await program.stop()).toEqual({ code: 0, signal: null });

        const counts = (await pipeline.status()).map((status) => status.counts);
        for (const fate of ['joined', 'duplicate', 'late', 'undecodable', 'invalid', 'future'] as const)
          expect([fate, counts.some((one) => one[fate] > 0)]).toEqual([fate, true]);
        const said = [...program.out, ...program.err];
        expect(said.length).toBeGreaterThan(100);
        expect(said.filter((line) => line.toLowerCase().includes(MARK.toLowerCase()))).toEqual([]);
        const told = new Set(program.log().map(({ msg }) => msg));
        for (const line of ['partition taken over', 'committed', 'published', 'to be taken over again'])
          expect(told).toContain(line);
      },
      { TIDEMARK_LOG_LEVEL: 'trace' },
    );
  });
});

/** Records that are accepted, resent, late, unreadable, out of bounds, ahead of their time, and under another key. */
function records(moment: number): Input[] {
  const now = Date.now();
  const page = { url: `https://${MARK}.example/`, path: `/${MARK}`, title: MARK, referrer: `https://${MARK}.example/` };
  const context = {
    page,
    utm: null,
    device: null,
    location: null,
    ip: MARK,
    user_agent: MARK,
    extra: { [MARK]: MARK },
  };
  const marked = (name: string, fields = {}): Input => {
    const event_id = `${MARK}-${name}-${moment}`;
    const texts = { event_id, profile_id: MARK, source_id: MARK, type: MARK, context };
    return plainEvent(`${MARK}-${name}`, {
      ...{ ...texts, properties: { [MARK]: MARK }, traits: { [MARK]: MARK } },
      ...fields,
    });
  };
  return [
    marked('joined'),
    marked('joined', { event_id: `${MARK}-next-${moment}` }),
    marked('joined'),
    marked('joined', { event_id: `${MARK}-late-${moment}`, occurred_at: now - 60_000 }),
    marked('ahead', { occurred_at: now + 3_600_000 }),
    marked('invalid', { event_id: `${MARK}\0` }),
    { ...marked('broken'), what: Buffer.from(`${MARK} is no Avro`) },
    { ...marked('misplaced'), key: `${MARK}-of-another` },
  ];
}

/** A take-over, and a transaction of the publisher, do not go through. */
async function fail(pipeline: TestPipeline): Promise<void> {
  const database = await pipeline.database();
  await database.query('SELECT pg_terminate_backend(owner_pid) FROM partition_state');
}
