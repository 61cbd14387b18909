import { expect, test } from '@jest/globals';
import { emptyState } from '../../src/core/changes.ts';
import type { Visit } from '../../src/core/memory/visit.ts';
import { Partition } from '../../src/core/partition.ts';
import type { LogRecord, TrackEvent } from '../../src/core/rules/event.ts';
import { DEFAULT_RULES } from '../../src/core/rules/rules.ts';

const T = 1_767_225_600_000;
const MINUTE = 60_000;

function record(offset: number, sessionId: string, t: number): LogRecord<null> {
  const event: TrackEvent = {
    ...{ eventId: `e${offset}`, sessionId, debug: false, profileId: null, sourceId: null, type: 'a', t },
    ...{ page: null, referrer: null, utm: null, named: null, traits: [], properties: null },
    ...{ context: [], contextPage: null, contextUtm: null },
  };
  return { offset, timestamp: Math.max(t, T), entries: [event], raw: null };
}

/** Two visits of a session, both ended. */
function twoEnded(): Partition<null> {
  const partition = new Partition<null>(DEFAULT_RULES, { topic: 't', partition: 0 }, emptyState(0), []);
  for (const one of [record(0, 's', T), record(1, 's', T + 40 * MINUTE), record(2, 'other', T + 180 * MINUTE)]) {
    partition.prepare([one]);
    partition.fold(one);
    partition.endDue();
  }
  return partition;
}

const visitsOf = (partition: Partition<null>): Visit[] =>
  [...partition.visits()].filter(({ sessionId }) => sessionId === 's');

test('a visit that was merged away does not come back from a database that does not know of the merge yet', () => {
  const partition = twoEnded();
  const [first, second] = visitsOf(partition).map(({ id }) => id);
  const between = record(3, 's', T + 20 * MINUTE);
  partition.prepare([between]);
  partition.fold(between);
  expect(visitsOf(partition).map(({ id, eventCount }) => [id, eventCount])).toEqual([[first, 3]]);
  // Read before the commit of the merge has landed, and handed over after it: the second visit as it was.
  const before = visitsOf(twoEnded()).filter(({ id }) => id === second);
  expect(before).toHaveLength(1);
  partition.admit([{ sessionId: 's', debug: false, ended: before, openEventIds: new Map() }]);
  expect(visitsOf(partition).map(({ id, eventCount }) => [id, eventCount])).toEqual([[first, 3]]);
});
