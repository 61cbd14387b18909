import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { assemble, type Hooks } from '../cli/assemble.ts';
import { MemoryTopic } from '../memory/log.ts';
import { MemoryOutput } from '../memory/output.ts';
import { MemoryStore } from '../memory/store.ts';
import type { SessionView, VisitView } from '../memory/views.ts';
import type { OutMessage } from '../ports/output.ts';
import type { RawRecord } from '../ports/record.ts';
import type { Settings } from '../settings/index.ts';
import { avroEncoder, type Encode } from '../simulate/encode.ts';
import { TRACK_EVENT_SCHEMA } from '../wire/schemas.ts';
import type { Facts, Look, Parts, ProfileRow, Received, SessionRow, ShownVisit } from './parts.ts';
import { receivedOf } from './received.ts';
import { sumOfCounts } from './sums.ts';

/** The id that a registry would have given. */
const INPUT_SCHEMA_ID = 1;
const OUTPUT_SCHEMA_ID = 2;
const NO_LIMIT = { output: 1 << 20, 'dead-letter': 1 << 20, late: 1 << 20 };

const LABELS = {
  visits: 'in memory, as the view visits has them',
  sessions: 'in memory, as the view sessions has them: those with the most visits',
  profiles: 'in memory, as the view profiles has them: those with the most visits',
  output: 'in memory, as a consumer would read it',
};

/** The same processor on a log, a store and topics in this process's memory. */
export function memoryParts(settings: Settings): Parts {
  const { partitions } = settings.topics;
  const topic = new MemoryTopic(partitions);
  const store = new MemoryStore<RawRecord>();
  let onMessage: (message: Received) => void = () => {};
  const output = new MemoryOutput((_, messages) => {
    for (const message of messages) onMessage(received(message));
  });
  const states = () => Array.from({ length: partitions }, (_, p) => store.state(p)).filter((state) => state !== null);
  const counts = () => sumOfCounts(states().map((state) => state.counts));

  return {
    settings,
    labels: LABELS,
    howToLook: [],
    setUp: async () => [],
    follow: async (listener) => {
      onMessage = listener;
    },
    process: (logger: Logger, signal: AbortSignal, hooks: Hooks) => {
      const processor = assemble(settings, logger, hooks.observer, {
        log: topic.reader(),
        store,
        output,
        registry: { writerSchema: async (id) => (id === INPUT_SCHEMA_ID ? TRACK_EVENT_SCHEMA : null) },
        outputSchemaId: OUTPUT_SCHEMA_ID,
        maxBytes: NO_LIMIT,
      });
      hooks.onStarted?.(processor, partitions);
      return processor.run(signal);
    },
    encoder: (): Encode => avroEncoder(INPUT_SCHEMA_ID),
    send: async (messages) => {
      for (const { key, value } of messages) {
        topic.append(partitionOf(key, partitions), { key: Buffer.from(key), value, timestamp: Date.now() });
      }
    },
    look: async (): Promise<Look> => {
      const visits = store.visits().map(visitRow);
      const open = visits.filter(({ status }) => status === 'open').length;
      return {
        visits,
        sessions: most(sessionRows(store.sessions())),
        profiles: most(store.profiles().map(profileRow)),
        open,
        ended: visits.length - open,
        counts: counts(),
        messages: states().reduce((sum, { sequence }) => sum + sequence, 0),
      };
    },
    facts: async (): Promise<Facts> => ({
      visits: store.visits().map(visitRow),
      sessions: sessionRows(store.sessions()),
      profiles: store.profiles().map(profileRow),
      revisions: store.revisions(),
      counts: counts(),
    }),
    close: async () => {},
    remove: async () => [],
  };
}

function received({ topic, key, value, headers }: OutMessage): Received {
  return receivedOf(topic, key, value, (name) => headers.find(([each]) => each === name)?.[1]);
}

/** The partition of a session, which is one for all its events, as with a producer's partitioner. */
function partitionOf(key: string, partitions: number): number {
  return createHash('sha1').update(key).digest().readUInt32BE() % partitions;
}

function most<Row extends { readonly visitCount: number; readonly eventCount: number }>(rows: Row[]): Row[] {
  return rows.sort((a, b) => b.visitCount - a.visitCount || b.eventCount - a.eventCount).slice(0, 10);
}

function visitRow(visit: VisitView): ShownVisit {
  return {
    visitId: visit.id,
    sessionId: visit.sessionId,
    profileId: visit.profileId,
    debug: visit.debug,
    status: visit.ended ? 'ended' : 'open',
    endReason: visit.ended ? visit.reason : null,
    revision: visit.published > 0 ? visit.published - 1 : null,
    startedAt: visit.startedAt,
    lastEventAt: visit.lastEventAt,
    eventCount: visit.eventCount,
    pageViewCount: visit.pageViewCount,
    lateEventCount: visit.lateEventCount,
    entryPage: visit.entryPage,
    exitPage: visit.exitPage,
  };
}

function sessionRows(sessions: readonly SessionView[]): SessionRow[] {
  return sessions.map(({ sessionId, profileId, visitCount, eventCount, pageViewCount, durationMs }) => {
    return { sessionId, profileId, visitCount, eventCount, pageViewCount, durationMs };
  });
}

function profileRow({ traits, ...profile }: ReturnType<MemoryStore<RawRecord>['profiles']>[number]): ProfileRow {
  return { ...profile, traits: Object.fromEntries(traits) };
}
