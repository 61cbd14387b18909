import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Partition } from '../../src/core/partition.ts';
import type { LogRecord } from '../../src/core/rules/event.ts';
import { MemoryStore } from '../../src/memory/store.ts';
import type { Log } from '../core/support/logs.ts';
import { logs, rulesOfLog, stepsOfLog } from '../core/support/logs.ts';
import { describeReal } from '../support/stack.ts';
import { PairedLease } from './support/paired-lease.ts';
import { testSchema } from './support/schema.ts';

describeReal('Postgres keeps and shows what the store in memory does', () => {
  const schema = testSchema();
  const memory = new MemoryStore<string>();
  afterAll(() => memory.close());
  // With the rights that are printed for `run`: all that folding asks of Postgres is met in here.
  let run: { readonly url: string; readonly schema: string };
  beforeAll(async () => {
    run = await schema.as('run');
  });

  /** Folds the log, each answer of either store held against the other's. Commits and memory losses as `turns` say. */
  async function drive(log: Log, turns: readonly Turn[], partition: number): Promise<void> {
    const source = { topic: 'tracks', partition };
    const [rules, steps] = [rulesOfLog(log), stepsOfLog(log)];
    const postgres = schema.store(undefined, run);
    let lease = await PairedLease.takeOver(postgres, memory, partition);
    let fold = new Partition<string>(rules, source, lease.first.state, lease.first.open);
    const commit = async (last: LogRecord<string> | null) => {
      const { changes, inCommit } = fold.take();
      const next = changes.state.sequence;
      const first = next - changes.emissions.length;
      await lease.commit({
        changes,
        amendableUntil: (visit) => fold.amendableUntil(visit),
        outbox: first === next ? null : { first, next, payload: Buffer.from(JSON.stringify(changes.emissions)) },
        lastRecord: last && { offset: last.offset, digest: `${last.offset}` },
        published: 0,
        writerSchemas: [],
      });
      fold.settle(inCommit);
    };
    for (const [i, step] of steps.entries()) {
      if ('now' in step) {
        fold.endDue(step.now);
      } else {
        const lookup = fold.prepare([step.record]);
        if (lookup !== null) fold.admit(await lease.history(lookup));
        fold.fold(step.record);
      }
      const turn = turns[i % turns.length]!;
      if (turn !== 'go on') await commit('record' in step ? step.record : null);
      if (turn === 'lose memory') {
        lease = await PairedLease.takeOver(postgres, memory, partition);
        fold = new Partition<string>(rules, source, lease.first.state, lease.first.open);
      }
    }
    fold.endDue();
    await commit(null);
    await PairedLease.takeOver(postgres, memory, partition);
    expect(await lease.first.outbox(0, 1e9).catch(() => null)).toBeNull();
    expect(await outboxOf(partition)).toEqual(memory.outboxRows(partition));
    await postgres.close();
  }

  async function outboxOf(partition: number) {
    const rows = await schema.sql(
      `SELECT first_sequence, next_sequence, string_agg(payload, '' ORDER BY piece) AS payload
      FROM outbox JOIN outbox_piece USING (partition, first_sequence)
      WHERE partition = $1 GROUP BY first_sequence, next_sequence ORDER BY first_sequence`,
      [partition],
    );
    return rows.map(({ first_sequence, next_sequence, payload }) => ({
      ...{ first: first_sequence, next: next_sequence, payload },
    }));
  }

  async function visitsOf(partition: number) {
    const rows = await schema.sql('SELECT * FROM visits WHERE opened_partition = $1 ORDER BY opened_offset, visit_id', [
      partition,
    ]);
    return rows.map(({ updated_at, opened_offset, ...row }) => row);
  }

  function visitsInMemory(partition: number) {
    const mine = memory.visits().filter((visit) => visit.partition === partition);
    return mine
      .sort((a, b) => a.openedOffset - b.openedOffset || (a.id < b.id ? -1 : 1))
      .map((visit) => {
        const [utm_source, utm_medium, utm_campaign, utm_term, utm_content] = visit.utm ?? Array(5).fill(null);
        const [device_type, device_brand, device_model, os, browser, country, region, city, language] = visit.named;
        return {
          visit_id: visit.id,
          session_id: visit.sessionId,
          profile_id: visit.profileId,
          source_id: visit.sourceId,
          debug: visit.debug,
          status: visit.ended ? 'ended' : 'open',
          end_reason: visit.ended ? visit.reason : null,
          revision: visit.published === 0 ? null : visit.published - 1,
          started_at: visit.startedAt,
          last_event_at: visit.lastEventAt,
          ended_at: visit.ended ? visit.lastEventAt : null,
          duration: visit.lastEventAt - visit.startedAt,
          event_count: visit.eventCount,
          page_view_count: visit.pageViewCount,
          late_event_count: visit.lateEventCount,
          entry_page: visit.entryPage,
          exit_page: visit.exitPage,
          referrer: visit.referrer,
          ...{ utm_source, utm_medium, utm_campaign, utm_term, utm_content },
          ...{ device_type, device_brand, device_model, os, browser, country, region, city, language },
          context: Object.fromEntries(visit.context.map(([key, { value }]) => [key, value])),
          opened_partition: partition,
        };
      });
  }

  async function expectSameViews(partition: number): Promise<void> {
    const visits = visitsInMemory(partition);
    expect(await visitsOf(partition)).toEqual(visits);
    const sessions = await schema.sql(
      `SELECT session_id, first_visit_id, last_visit_id, profile_id, visit_count, event_count, page_view_count,
        total_duration, started_at, ended_at
      FROM sessions WHERE partition = $1 ORDER BY session_id COLLATE "C"`,
      [partition],
    );
    const sessionsInMemory = memory.sessions().filter((session) => session.partition === partition);
    expect(sessions).toEqual(
      sessionsInMemory
        .sort((a, b) => Buffer.compare(Buffer.from(a.sessionId), Buffer.from(b.sessionId)))
        .map((session) => ({
          session_id: session.sessionId,
          first_visit_id: session.firstVisitId,
          last_visit_id: session.lastVisitId,
          profile_id: session.profileId,
          visit_count: session.visitCount,
          event_count: session.eventCount,
          page_view_count: session.pageViewCount,
          total_duration: session.durationMs,
          started_at: session.startedAt,
          ended_at: session.endedAt,
        })),
    );
    const events = await schema.sql(
      `SELECT e.* FROM visit_events e JOIN visits v USING (visit_id) WHERE v.opened_partition = $1
      ORDER BY v.opened_offset, visit_id, position`,
      [partition],
    );
    expect(events).toEqual(
      visits.flatMap(({ visit_id, session_id }) =>
        memory.visitEvents(visit_id).map((event, i) => ({
          ...{ visit_id, session_id, position: i + 1 },
          event_id: event.eventId,
          type: event.type,
          occurred_at: event.t,
          page: event.page,
          properties: event.properties === null ? null : JSON.parse(event.properties),
        })),
      ),
    );
  }

  async function expectSameProfilesAndRevisions(): Promise<void> {
    expect(await schema.sql('SELECT * FROM profiles ORDER BY profile_id COLLATE "C"')).toEqual(
      memory.profiles().map((profile) => ({
        profile_id: profile.profileId,
        visit_count: profile.visitCount,
        session_count: profile.sessionCount,
        event_count: profile.eventCount,
        page_view_count: profile.pageViewCount,
        total_duration: profile.durationMs,
        first_seen_at: profile.firstSeenAt,
        last_seen_at: profile.lastSeenAt,
        traits: Object.fromEntries(profile.traits),
      })),
    );
    const key = ({ visitId, revision }: { visitId: unknown; revision: unknown }) => `${visitId} ${revision}`;
    const revisions = await schema.sql(
      `SELECT visit_id AS "visitId", revision, reason, retracted, merged_into AS "mergedInto",
        started_at AS "startedAt", ended_at AS "endedAt", event_count AS "eventCount", decided_at AS "decidedAt"
      FROM visit_revisions`,
    );
    expect(new Map(revisions.map((row) => [`${row.visitId} ${row.revision}`, row]))).toEqual(
      new Map(memory.revisions().map((row) => [key(row), row])),
    );
  }

  test('whatever the log, wherever it is committed and whenever all memory is lost', async () => {
    const turns = fc.array(fc.constantFrom<Turn>('go on', 'go on', 'go on', 'commit', 'lose memory'), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(logs(), turns, async (log, plan) => {
        const partition = schema.nextPartition();
        await drive(log, plan, partition);
        await expectSameViews(partition);
      }),
      { numRuns: Math.ceil(Math.min(2_000, Number(process.env.FAST_CHECK_RUNS ?? 1000)) / 40) },
    );
    await expectSameProfilesAndRevisions();
  });
});

type Turn = 'go on' | 'commit' | 'lose memory';
