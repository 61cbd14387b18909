/**
 * Folds events without Kafka and Postgres, and prints what became of them: it shows what other settings would make of one's
 * own traffic, or whether a tracker sends what it should.
 *
 * node fold.ts [GAP]
 */
import { Partition, rules, type TrackEvent } from 'tidemark/core';

const [gap = '30m'] = process.argv.slice(2);
const at = (time: string) => Date.parse(`2026-01-31T${time}:00Z`);

const events: TrackEvent[] = [
  {
    event_id: 'e1',
    session_id: 's1',
    profile_id: 'p1',
    type: 'page-view',
    occurred_at: at('10:00'),
    context: { page: { path: '/' } },
  },
  {
    event_id: 'e2',
    session_id: 's1',
    profile_id: 'p1',
    type: 'page-view',
    occurred_at: at('10:20'),
    context: { page: { path: '/shop' } },
  },
  {
    event_id: 'e2',
    session_id: 's1',
    profile_id: 'p1',
    type: 'page-view',
    occurred_at: at('10:20'),
    context: { page: { path: '/shop' } },
  },
  { event_id: 'e3', session_id: 's1', profile_id: 'p1', type: 'sign-out', occurred_at: at('10:45') },
];

const partition = new Partition(rules({ 'visit.gap': gap }));
for (const event of events) {
  // Here each event is in the log the moment it happens.
  const outcome = partition.fold({ timestamp: Number(event.occurred_at), event });
  console.log(`${event.event_id} ${outcome.kind}`);
}
// The log ends here: visits that are still open end by the clock.
partition.endDue(at('13:00'));

for (const { entry_page, exit_page, event_count, duration_ms, end_reason } of partition.visits()) {
  console.log(`visit ${entry_page} → ${exit_page}: ${event_count} events, ${duration_ms / 60_000} min, ${end_reason}`);
}
for (const { session_id, visit_count } of partition.sessions())
  console.log(`session ${session_id}: ${visit_count} visits`);
for (const { profile_id, event_count } of partition.profiles())
  console.log(`profile ${profile_id}: ${event_count} events`);
for (const { name, revision, reason } of partition.messages()) console.log(`${name}, revision ${revision}: ${reason}`);
