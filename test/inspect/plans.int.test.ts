import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import {
  type Database,
  inspectProfile,
  inspectSession,
  inspectVisit,
  openVisits,
  recentlyEnded,
  search,
  stateCounts,
} from '../../src/inspect/index.ts';
import { connect } from '../../src/postgres/connect.ts';
import { testSchema } from '../postgres/support/schema.ts';
import { describeReal } from '../support/stack.ts';
import { FoldedPartition, MINUTE, RULES, T0 } from './support/folded-partition.ts';

/** Scans that are allowed: of a row for each partition, and of the open visits, which two queries read as a whole. */
const READ_THROUGH = /Seq Scan on (partition_state|open_visit)\b/;

describeReal('what people ask goes by an index in every table that grows', () => {
  const schema = testSchema();
  let client: pg.Client;
  let ended = '';
  let merged = '';
  beforeAll(async () => {
    client = await connect(schema.options);
    const partition = await FoldedPartition.takeOver(schema);
    ended = (await partition.event({ session: 'a', profile: 'p', t: T0, type: 'sign-out' })).visitId;
    await partition.event({ session: 'b', t: T0 });
    merged = (await partition.event({ session: 'b', t: T0 + 40 * MINUTE })).visitId;
    await partition.event({ session: 'b', t: T0 + 20 * MINUTE, arrives: T0 + 40 * MINUTE });
    await partition.event({ session: 'b', t: T0 + 120 * MINUTE, profile: 'p' });
  });
  afterAll(() => client.end());

  test.each<[string, (database: Database) => Promise<unknown>]>([
    ['a visit', (database) => inspectVisit(database, RULES, ended)],
    ['a visit that was merged away', (database) => inspectVisit(database, RULES, merged)],
    ['a session', (database) => inspectSession(database, RULES, 'b')],
    ['a profile', (database) => inspectProfile(database, RULES, 'p')],
    ['open visits', (database) => openVisits(database, RULES)],
    ['open visits of a partition', (database) => openVisits(database, RULES, { partition: 1 })],
    ['recently ended visits', (database) => recentlyEnded(database, RULES)],
    ['a search', (database) => search(database, 'b')],
    ['a search for a visit', (database) => search(database, ended.slice(0, 12))],
    ['the counts', (database) => stateCounts(database)],
  ])('%s', async (_, ask) => {
    const asked: pg.QueryConfig[] = [];
    const recording = new Proxy(client, {
      get: (target, name) => {
        if (name !== 'query') return Reflect.get(target, name, target) as unknown;
        return (query: string | pg.QueryConfig) => {
          if (typeof query !== 'string') asked.push(query);
          return target.query(query as string);
        };
      },
    });
    expect(await ask(recording)).not.toBeNull();
    expect(asked.length).toBeGreaterThan(0);
    // With this a plan scans a whole table only if no index can serve.
    await client.query('SET enable_seqscan TO off');
    for (const { text, values } of asked) {
      const { rows } = await client.query({ text: `EXPLAIN (COSTS off) ${text}`, values: values! });
      const plan = rows.map((row) => String(row['QUERY PLAN']));
      expect(plan.filter((line) => line.includes('Seq Scan') && !READ_THROUGH.test(line))).toEqual([]);
      const unconditional = plan.filter(
        (line, i) => /Index.* Scan using/.test(line) && !/Cond:/.test(plan[i + 1] ?? ''),
      );
      expect(unconditional.filter((line) => !/open_visit|partition_state/.test(line))).toEqual([]);
    }
  });
});
