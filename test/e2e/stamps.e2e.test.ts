import { expect, test } from '@jest/globals';
import kafkajs from 'kafkajs';
import { describeReal, stack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { type TestPipeline, withPipeline } from './support/pipeline.ts';
import { counted } from './support/program.ts';
import { type Input, plainEvent } from './support/traffic.ts';
import { expectRight } from './support/verdict.ts';

const YEAR_2100 = Date.UTC(2100, 0, 1);

describeReal('a topic whose setting of who stamps its records was changed', () => {
  test('has records of the year 2100 that no broker stamped, and nothing that comes after them is late', async () => {
    await withPipeline(
      stack(),
      'stamps',
      async (pipeline) => {
        await pipeline.setUp();
        const writer = await pipeline.writer();
        const write = (...inputs: Input[]) => writer.write(inputs.map((input) => ({ ...input, partition: 0 })));
        const far = { timestamp: YEAR_2100 };
        let unstamped = 0;

        await stampedBy(pipeline, 'CreateTime', async () => !(await write(plainEvent('before'))));
        expect(await write({ ...plainEvent('of 2100', { occurred_at: YEAR_2100 }), ...far })).toBe(false);
        expect(await write({ ...plainEvent('before'), ...far })).toBe(false);
        await stampedBy(pipeline, 'LogAppendTime', () => write(plainEvent('after')));
        expect(await write(plainEvent('before'), plainEvent('after'))).toBe(true);
        // As it may be set by mistake, and set right again.
        await stampedBy(pipeline, 'CreateTime', async () => !(await write(plainEvent('between'))));
        expect(await write({ ...plainEvent('ahead', { occurred_at: YEAR_2100 }), ...far })).toBe(false);
        expect(await write({ ...plainEvent('between'), ...far })).toBe(false);
        await stampedBy(pipeline, 'LogAppendTime', () => write(plainEvent('again')));
        expect(await write(plainEvent('again'))).toBe(true);

        const program = pipeline.run();
        await program.ready();
        expect(await write(plainEvent('while it runs'))).toBe(true);
        await until('all is folded and published, and all visits have ended but that of 2100', async () => {
          const [status] = (await pipeline.status()).filter(({ partition }) => partition === 0);
          unstamped = status?.counts.unstamped ?? 0;
          if (status?.nextOffset !== writer.written) return false;
          return status.openVisits === 1 && status.published === status.sequence;
        });
        expect(unstamped).toBeGreaterThanOrEqual(6);
        expect(await counted(program, 'tidemark_unstamped_records_total')).toBe(unstamped);
        expect(await program.stop()).toEqual({ code: 0, signal: null });

        const told = program.log().filter(({ msg }) => /^records that the brokers did not stamp/.test(msg));
        expect(told).toHaveLength(1);
        expect(told[0]).toMatchObject({
          level: 'warn',
          partition: 0,
          from: expect.any(Number),
          to: expect.any(Number),
        });
        const [answer] = await expectRight(pipeline, writer.written);
        expect(answer!.counts).toMatchObject({ late: 0, future: 1, unstamped, clockRegressions: 0 });
        const database = await pipeline.database();
        const { rows } = await database.query("SELECT session_id FROM visits WHERE status = 'open'");
        expect(rows).toEqual([{ session_id: 'of 2100' }]);
      },
      // What comes between is not ahead of the last stamp of the brokers by as much as this.
      { TIDEMARK_VISIT_FUTURE_TOLERANCE: '5m', TIDEMARK_VISIT_MAX_AGE: '1h' },
    );
  });
});

/** Changes who stamps the topic's records. @param isSo writes a record: whether it was stamped so. */
async function stampedBy(
  pipeline: TestPipeline,
  by: 'CreateTime' | 'LogAppendTime',
  isSo: () => Promise<boolean>,
): Promise<void> {
  const admin = await pipeline.admin();
  const configEntries = [
    { name: 'message.timestamp.type', value: by },
    // Brokers refuse what is more than an hour ahead, unless they are set not to.
    { name: 'message.timestamp.after.max.ms', value: '9223372036854775807' },
  ];
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  await admin.alterConfigs({ validateOnly: false, resources: [{ type, name: pipeline.name, configEntries }] });
  await until(`the partition's leader knows of ${by}`, isSo);
}
