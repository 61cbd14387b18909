import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import avsc from 'avsc';
import { visitId } from '../../src/core/ids.ts';
import { type Outcome, Partition, rules, type TrackEvent, type VisitEnded } from '../../src/library/core.ts';
import { compare } from '../../src/scenario/compare.ts';
import type { AnswerForm } from '../../src/scenario/form.ts';
import { readScenario, rulesOfScenario, type Scenario } from '../../src/scenario/format.ts';

const SCENARIOS = join(import.meta.dirname, '..', 'scenarios');
const files = readdirSync(SCENARIOS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
const NOON = Date.parse('2026-01-31T12:00:00Z');

const event = (given: Partial<TrackEvent> = {}): TrackEvent => ({
  event_id: 'e1',
  session_id: 's1',
  type: 'page-view',
  occurred_at: NOON,
  ...given,
});

/** A scenario folded by the library, with its answer in the form of `expect`. */
function folded(scenario: Scenario): { answer: AnswerForm; messages: VisitEnded[] } {
  const partition = new Partition(rulesOfScenario(scenario));
  const outcomes: Outcome[] = [];
  for (const step of scenario.log) {
    if ('now' in step) partition.endDue(step.now);
    else {
      const { arrives: timestamp, stamped = true, event } = step;
      outcomes.push(partition.fold({ timestamp, stamped, event: event as TrackEvent }));
    }
  }
  const openedBy = new Map<string | null, string | null>();
  for (const each of outcomes) if (each.kind === 'started') openedBy.set(each.visit_id, each.event_id);
  const messages = partition.messages();
  const answer: AnswerForm = {
    visits: partition.visits().map(({ end_reason, last_event_at, ...visit }) => ({
      ...visit,
      opened_by: openedBy.get(visit.visit_id),
      reason: end_reason,
      ended_at: last_event_at,
    })),
    published: messages.map(({ utm, ...message }) => ({
      ...message,
      opened_by: openedBy.get(message.visit_id),
      merged_into: message.merged_into && openedBy.get(message.merged_into),
      ...Object.fromEntries(UTM.map((key) => [`utm_${key}`, utm?.[key] ?? null])),
    })),
    profiles: partition.profiles().map((profile) => ({ ...profile })),
    late: outcomes.flatMap((each) => (each.kind === 'late' ? [each.event_id] : [])),
    dead: outcomes.flatMap((each) => (each.kind === 'dead' ? [[each.event_id, each.reason]] : [])),
    duplicates: outcomes.flatMap((each) => (each.kind === 'duplicate' ? [each.event_id] : [])),
  };
  return { answer, messages };
}

const UTM = ['source', 'medium', 'campaign', 'term', 'content'] as const;

describe('tidemark/core', () => {
  test.each(files)('gives what the scenario expects: %s', (file) => {
    const scenario = readScenario(join(SCENARIOS, file));
    expect(compare(scenario.expect, folded(scenario).answer)).toEqual([]);
  });

  test('gives messages with the fields of the schema, and no other', () => {
    const schema = avsc.Type.forSchema(
      JSON.parse(readFileSync(new URL('../../schemas/VisitEnded.avsc', import.meta.url), 'utf8')),
    );
    const messages = files.flatMap((file) => folded(readScenario(join(SCENARIOS, file))).messages);
    expect(messages.length).toBeGreaterThan(50);
    for (const message of messages) {
      expect({ ...schema.fromBuffer(schema.toBuffer(message)) }).toEqual(JSON.parse(JSON.stringify(message)));
    }
  });

  test('gives a visit the id that it has on the real topic', () => {
    const partition = new Partition(rules(), { topic: 'clicks', partition: 7 });
    const outcome = partition.fold({ offset: 1234, timestamp: NOON, event: event() });
    expect(outcome).toEqual({
      kind: 'started',
      event_id: 'e1',
      visit_id: visitId(NOON, 's1', 'clicks', 7, 1234, 0),
    });
    expect(partition.nextOffset).toBe(1235);
    partition.endDue(NOON + 86_400_000);
    expect(partition.messages()[0]?.opened_at_offset).toEqual({ topic: 'clicks', partition: 7, offset: 1234 });
  });

  test('sums sessions as the view does', () => {
    const partition = new Partition(rules({ 'visit.gap': '1m' }));
    for (const [i, minute] of [0, 5].entries()) {
      const occurred_at = NOON + minute * 60_000;
      partition.fold({ timestamp: occurred_at, event: event({ event_id: `e${i}`, occurred_at }) });
    }
    const [first, last] = partition.visits().map(({ visit_id }) => visit_id);
    expect(partition.sessions()).toMatchObject([
      { session_id: 's1', first_visit_id: first, last_visit_id: last, visit_count: 2, event_count: 2, ended_at: null },
    ]);
  });

  test('gives what is wrong with an event that cannot be read or breaks a bound', () => {
    const partition = new Partition();
    const fold = (given: unknown) => partition.fold({ timestamp: NOON, event: given as TrackEvent });
    expect(fold({ ...event(), session_id: 5 })).toEqual({
      kind: 'dead',
      event_id: 'e1',
      reason: 'undecodable',
      error: 'session_id is number; text is expected',
    });
    expect(fold(event({ session_id: '' }))).toMatchObject({ kind: 'dead', reason: 'invalid' });
    expect(fold(event({ occurred_at: '2026-02-01T12:00:00Z' }))).toMatchObject({ kind: 'dead', reason: 'future' });
    expect(partition.visits()).toEqual([]);
    expect(partition.nextOffset).toBe(3);
  });

  test('refuses a log that goes back, and numbers that are none', () => {
    const partition = new Partition();
    partition.fold({ offset: 10, timestamp: NOON, event: event() });
    expect(() => partition.fold({ offset: 10, timestamp: NOON, event: event() })).toThrow(
      new RangeError('offset is 10, and must be a whole number from 11'),
    );
    expect(() => partition.fold({ timestamp: 0.5, event: event() })).toThrow(RangeError);
    expect(() => partition.endDue(Number.NaN)).toThrow(RangeError);
    expect(partition.visits()).toMatchObject([{ event_count: 1 }]);
  });
});

describe('rules', () => {
  test('are the defaults, but for what is given', () => {
    const given = rules({ 'visit.gap': '20m', 'visit.ending_types': ['bye'], 'output.debug': true });
    expect(given).toEqual({ ...rules(), gap: 1_200_000, endingTypes: new Set(['bye']), outputDebug: true });
  });

  test('say all that is wrong at once', () => {
    const wrong = { 'visit.gab': '20m', 'kafka.brokers': ['b:9092'], 'visit.max_events': 0 };
    expect(() => rules(wrong as never)).toThrow(
      expect.objectContaining({
        name: 'SettingsError',
        problems: [
          'visit.gab cannot be set here; did you mean visit.gap?',
          'kafka.brokers cannot be set here',
          'visit.max_events (given): 0 must be a whole number from 1 to 1000000',
        ],
      }),
    );
    expect(() => rules({ 'visit.max_age': '1h' })).toThrow(/visit.max_age is 60m, but must be at least/);
  });
});
