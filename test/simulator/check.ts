/** What a run must have come to: everything that the reference makes of the log, to the byte. */
import type { LogRecord } from '../../src/core/rules/event.ts';
import type { Rules } from '../../src/core/rules/rules.ts';
import type { Revision } from '../../src/core/rules/visit-ended.ts';
import type { OutMessage } from '../../src/ports/output.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import { encodeOutbox } from '../../src/wire/outbox.ts';
import { visitsOf } from '../core/support/drive.ts';
import { type Answer, reference } from '../reference/reference.ts';
import { toOutMessages } from '../wire/support/messages.ts';
import { envelopeOf, TOPIC } from './names.ts';
import type { Plan } from './plan.ts';
import type { World } from './world.ts';

/** The reference's answer for a partition, and where its log ends. */
export type Answers = readonly (Answer<RawRecord> & { readonly end: number })[];

/** @param anticipates whether each log ends with the silence that ends everything. */
export function answersOf(
  anticipates: boolean,
  rules: Rules,
  records: readonly (readonly LogRecord<RawRecord>[])[],
  ends: readonly number[],
): Answers {
  return records.map((mine, partition) => {
    const silence = anticipates ? [{ now: Number.MAX_SAFE_INTEGER }] : [];
    const steps = [...mine.map((record) => ({ record })), ...silence];
    return { ...reference(rules, { topic: TOPIC, partition }, steps), end: ends[partition]! };
  });
}

/** Whether nothing is left to be done. */
export function isComplete(world: World, plan: Pick<Plan, 'clockMargin' | 'beyondMargin'>, answers: Answers): boolean {
  return answers.every((answer, partition) => {
    const { state, open, published } = world.store.tables(partition);
    if (state.nextOffset < answer.end) return false;
    const anticipates = plan.clockMargin !== null;
    if (plan.beyondMargin ? open.size > 0 : state.sequence < answer.sequence) return false;
    if (anticipates && open.size > 0) return false;
    return world.seen.count(partition) >= state.sequence && published >= state.sequence;
  });
}

/** @returns the first thing that is not as the reference has it; null if there is none. */
export function compare(world: World, answers: Answers): string | null {
  for (const [partition, answer] of answers.entries()) {
    const view = world.store.view(partition);
    const { state, published, outbox } = world.store.tables(partition);
    const said = {
      outbox: { published, rows: outbox.length, kept: world.cluster.group.position(partition) ?? state.sequence },
      counts: state.counts,
      clocks: [state.eventClock, state.arrivalClock, state.anticipatedTo],
      next: [state.nextOffset, state.sequence],
      visits: visitsOf(view as never),
      revisions: bySubject(view.revisions()),
      profiles: view.profiles(),
    };
    const right = {
      outbox: { published: answer.sequence, rows: 0, kept: answer.sequence },
      counts: answer.counts,
      clocks: [answer.eventClock, answer.arrivalClock, answer.anticipatedTo],
      next: [answer.end, answer.sequence],
      visits: answer.visits.map((visit) => ({ ...visit, endedWatermark: visit.ended ? visit.endedWatermark : null })),
      revisions: bySubject(answer.revisions),
      profiles: answer.profiles,
    };
    const wrong =
      difference(said, right, `partition ${partition}`) ??
      messagesDiffer(
        world.seen.messages(partition),
        toOutMessages(answer.emissions, envelopeOf(TOPIC, partition)),
        partition,
      );
    if (wrong !== null) return wrong;
  }
  return null;
}

/**
 * Where anticipations may be wrong there is no single answer; what was published must still be what the tables hold, and
 * every event must be counted once.
 */
export function selfConsistent(world: World, answers: Answers): string | null {
  for (const [partition, answer] of answers.entries()) {
    const view = world.store.view(partition);
    const { state } = world.store.tables(partition);
    const visits = view.visits();
    const messages = world.seen.count(partition);
    const { counts } = state;
    const sum = (of: (visit: (typeof visits)[number]) => number) =>
      visits.reduce((total, visit) => total + of(visit), 0);
    const published = new Map(visits.map((visit) => [visit.id, visit.published]));
    const last = new Map<string, number>();
    for (const { visitId, revision } of view.revisions())
      last.set(visitId, Math.max(last.get(visitId) ?? 0, revision + 1));
    const said = {
      messages,
      kept: world.cluster.group.position(partition) ?? state.sequence,
      records: counts.records,
      events: counts.events,
      accepted: sum((visit) => visit.eventCount),
      keptEvents: sum((visit) => view.visitEvents(visit.id).length),
      revisions: view.revisions().length,
      published: visits.map(({ id }) => last.get(id) ?? 0),
    };
    const { started, joined, merged, duplicate, late, undecodable, invalid, future, visitFull } = counts;
    const accepted = started + joined + merged;
    const right = {
      messages: state.sequence,
      kept: state.sequence,
      records: answer.counts.records,
      events: answer.counts.events,
      accepted,
      keptEvents: accepted,
      revisions: counts.published,
      published: visits.map(({ id }) => published.get(id)!),
    };
    const lost = counts.events - (accepted + duplicate + late + undecodable + invalid + future + visitFull);
    const wrong = difference(said, right, `partition ${partition}`);
    if (wrong !== null) return wrong;
    if (lost !== 0) return `partition ${partition}: ${lost} events are counted nowhere`;
  }
  return null;
}

/** Revisions have an order within a visit; across visits the table has none. */
function bySubject(of: readonly Revision[]): Revision[] {
  return [...of].sort((a, b) => (a.visitId < b.visitId ? -1 : a.visitId > b.visitId ? 1 : a.revision - b.revision));
}

function messagesDiffer(actual: readonly OutMessage[], right: readonly OutMessage[], partition: number): string | null {
  const [a, b] = [actual.map(withoutWording), right.map(withoutWording)];
  if (a.length === b.length && (a.length === 0 || encodeOutbox(a).equals(encodeOutbox(b)))) return null;
  return difference(a.map(readable), b.map(readable), `messages of partition ${partition}`);
}

/** The fold words its own errors of an event; the text of a refusal is handed through. */
function withoutWording(message: OutMessage): OutMessage {
  const reason = message.headers.find(([name]) => name === 'tidemark-reason')?.[1].toString();
  if (reason === undefined || !/^(late|future|visit_full)$/.test(reason)) return message;
  return { ...message, headers: message.headers.filter(([name]) => name !== 'tidemark-error') };
}

function readable({ topic, sequence, key, value, headers }: OutMessage) {
  const text = (bytes: Buffer | null) => bytes?.toString('latin1') ?? null;
  return {
    topic,
    sequence,
    key: text(key),
    value: text(value),
    headers: headers.map(([name, of]) => [name, text(of)]),
  };
}

/** Where two plain values first differ. */
function difference(actual: unknown, right: unknown, at: string): string | null {
  if (actual === right || JSON.stringify(actual) === JSON.stringify(right)) return null;
  if (typeof actual === 'object' && typeof right === 'object' && actual !== null && right !== null) {
    const keys = new Set([...Object.keys(actual), ...Object.keys(right)]);
    for (const key of keys) {
      const [a, b] = [actual, right].map((of) => (of as Record<string, unknown>)[key]);
      const found = difference(a, b, `${at}, ${key}`);
      if (found !== null) return found;
    }
  }
  return `${at}: ${JSON.stringify(actual)} instead of ${JSON.stringify(right)}`;
}
