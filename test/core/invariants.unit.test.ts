import { test } from '@jest/globals';
import fc from 'fast-check';
import type { Emission } from '../../src/core/changes.ts';
import type { MemoryStore } from '../../src/memory/store.ts';
import { profilesOf } from '../reference/profiles.ts';
import type { VisitView } from '../reference/visits.ts';
import { holds, LIMIT, same, scenarioText } from './support/compare.ts';
import { drive, SOURCE, visitsOf } from './support/drive.ts';
import { logs, rulesOfLog, stepsOfLog } from './support/logs.ts';
import { plans } from './support/plans.ts';

function checkSums(store: MemoryStore<string>, visits: readonly VisitView[]): void {
  const sums = ({ traits, ...rest }: ReturnType<typeof profilesOf>[number]) => rest;
  const stored = store.profiles().filter((profile) => profile.visitCount !== 0 || profile.eventCount !== 0);
  same(stored.map(sums), profilesOf(visits, []).map(sums));
}

function checkVisits(visits: readonly VisitView[]): void {
  for (const visit of visits) {
    const at = visit.events.map((event) => event.t);
    same([visit.startedAt, visit.lastEventAt], [at[0], at.at(-1)]);
    same(visit.events.length, visit.eventCount);
    same(new Set(visit.events.map((event) => event.eventId)).size, visit.eventCount);
    same(
      visit.types.reduce((sum, [, count]) => sum + count, 0),
      visit.eventCount,
    );
  }
  for (const session of Map.groupBy(visits, (visit) => `${visit.debug} ${visit.sessionId}`).values()) {
    session.sort((a, b) => a.startedAt - b.startedAt);
    for (const [i, visit] of session.slice(1).entries()) same(visit.startedAt > session[i]!.lastEventAt, true);
  }
}

function checkRevisions(store: MemoryStore<string>, visits: readonly VisitView[]): void {
  const revisions = Map.groupBy(store.revisions(), (revision) => revision.visitId);
  for (const visit of visits) {
    const mine = revisions.get(visit.id) ?? [];
    same(
      mine.map((revision) => revision.revision),
      Array.from({ length: visit.published }, (_, i) => i),
    );
    same(mine.at(-1)?.reason ?? null, visit.reason);
    same(
      mine.some((revision) => revision.retracted),
      false,
    );
    revisions.delete(visit.id);
  }
  // What is left was published of visits that no longer stand: the last revision of each retracts it, once, and names the visit that absorbed it.
  for (const mine of revisions.values()) {
    same(
      mine.map((revision) => revision.revision),
      mine.map((_, i) => i),
    );
    same(
      mine.map((revision) => revision.retracted),
      mine.map((_, i) => i === mine.length - 1),
    );
    same(mine.at(-1)!.mergedInto !== null, true);
  }
}

function checkMessages(store: MemoryStore<string>): void {
  const rows = store.outboxRows(SOURCE.partition);
  const emissions: Emission<string>[] = rows.flatMap((row) => JSON.parse(row.payload.toString('utf8')));
  same(
    emissions.map((emission) => emission.sequence),
    emissions.map((_, i) => i),
  );
  same(store.state(SOURCE.partition)!.sequence, emissions.length);
  const sent = emissions.flatMap((each) => (each.kind === 'output' ? [each.message.eventId] : []));
  same(new Set(sent).size, sent.length);
}

function checkCounts(store: MemoryStore<string>, visits: readonly VisitView[]): void {
  const { counts } = store.state(SOURCE.partition)!;
  const { records, events, amended, retracted, published, anticipationsWrong, clockRegressions, ...rest } = counts;
  const { endedInactivity, endedExplicit, endedMaxDuration, endedMaxEvents, unstamped, ...fates } = rest;
  same(
    Object.values(fates).reduce((sum, each) => sum + each, 0),
    events,
  );
  const ends = store.revisions().filter((revision) => !revision.retracted);
  same(
    [endedInactivity, endedExplicit, endedMaxDuration, endedMaxEvents],
    ['inactivity', 'explicit', 'max_duration', 'max_events'].map(
      (reason) => ends.filter((revision) => revision.reason === reason).length,
    ),
  );
  same(clockRegressions + unstamped <= records, true);
  const held = visits.reduce((sum, visit) => sum + visit.eventCount, 0);
  same(fates.started + fates.joined + fates.merged, held);
  same(published, store.revisions().length);
  same(retracted, store.revisions().filter((revision) => revision.retracted).length);
  same(amended <= held, true);
}

test(
  'at every commit profiles are the sums of their visits, visits are disjoint, and nothing is skipped or said twice',
  async () => {
    await holds(
      fc.tuple(logs(), plans),
      async ([log, plan]) => {
        await drive(rulesOfLog(log), stepsOfLog(log), plan, (store) => {
          const visits = visitsOf(store);
          checkSums(store, visits);
          checkVisits(visits);
          checkRevisions(store, visits);
          checkMessages(store);
          checkCounts(store, visits);
        });
      },
      ([log, plan]) => `${scenarioText(log)}\nplan ${JSON.stringify(plan)}`,
    );
  },
  LIMIT,
);

test(
  'what visits hold outside the garbage-collected heap is given back once they leave memory',
  async () => {
    await holds(
      fc.tuple(logs(), plans),
      async ([log, plan]) => {
        await drive(rulesOfLog(log), stepsOfLog(log), plan, (_store, partition) => {
          const visits = [...partition.visits()];
          const refs = visits.reduce((sum, visit) => sum + visit.refCount, 0);
          same(partition.memoryInUse, { visits: visits.length, refs });
        });
      },
      ([log, plan]) => `${scenarioText(log)}\nplan ${JSON.stringify(plan)}`,
    );
  },
  LIMIT,
);
