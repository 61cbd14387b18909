/** A processor in virtual time, where the real one would take a cluster to bring about what it waits for. */
import { holdOf } from '../../../src/cli/status/hold.ts';
import { Metrics } from '../../../src/metrics/index.ts';
import { rulesOfLog } from '../../core/support/logs.ts';
import { calmWorld } from '../../simulator/calm.ts';
import { seriesOf, type Tells } from './night.ts';

const rules = rulesOfLog({ config: {} as never, outputDebug: false, steps: [] });
const AT = Date.UTC(2026, 0, 1);

/** The broker has answered that the position is not in the log, and now does not answer where that begins and ends. */
export async function fakeLogInQuestion(): Promise<Tells> {
  const world = calmWorld(rules);
  const host = world.begin();
  world.append(0, AT, [{ event_id: 'e', session_id: 's', type: 'page-view', occurred_at: AT }]);
  await world.until(() => world.isQuiet, 'the record is folded');
  host.input.bounds = () => new Promise(() => {});
  await host.processor.batch({ partition: 0, from: 0, next: 0, records: [], highWatermark: 0 });
  const { processor } = host;
  const metrics = new Metrics({
    version: '1',
    reports: () => processor.reports(),
    now: () => world.time.now,
    process: false,
  });
  return {
    status: async () => {
      const [report] = processor.reports();
      const known = {
        partition: 0,
        end: 1,
        lag: 0,
        owner: 'host:1',
        ownerConnected: true,
        outboxBytes: 0,
        outboxMessages: 0,
      };
      // As `TroubleWriter` writes them.
      const waits = report!.waits.map((wait) => ({ partition: 0, ...wait }));
      const seen = {
        pace: undefined,
        behind: false,
        watched: 0,
        brokers: 'answer',
        schema: null,
        outboxMaxBytes: 1,
      } as const;
      return holdOf(known, { ...seen, waits, at: world.time.now, holders: null })?.text ?? 'nothing';
    },
    ready: async () => processor.hindrance ?? '',
    series: async () => {
      await world.time.pass(2_000);
      return seriesOf(await metrics.text());
    },
    log: () => world.trace!.join('\n'),
  };
}
