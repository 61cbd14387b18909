/**
 * What is under way on a connection, by the bytes that pass: a commit from the first of its statements until
 * Postgres is ready for the next, a Kafka transaction from the first partition or offset that is added to it until the
 * broker has answered its end. So what is under way has not been answered: the processor does not know how it ends.
 */
import { Frames, type Framing } from './frames.ts';

export type Work = 'commit' | 'transaction';

/** Looks at both directions of one connection. */
export interface Watch {
  readonly underWay: ReadonlySet<string>;
  /** What the client sends. */
  up(chunk: Buffer): void;
  /** What the server answers. */
  down(chunk: Buffer): void;
}

/**
 * @param onBegun called when something begins, before the bytes that begin it are passed on
 * @param onCommitted called when the end of a transaction that was committed is answered
 */
export type WatchFactory = (onBegun: (work: Work) => void, onCommitted: (topics: number) => void) => Watch;

export const watchNothing: WatchFactory = () => ({ underWay: new Set(), up() {}, down() {} });

// ------------------------------------------------------------------------------------------------------- Postgres

/** The first statement of a commit: see src/postgres/commit.ts. */
const FENCE = 'commit_fence';
const BIND = 0x42;
const READY = 0x5a;

const startup: Framing = { head: 4, lengthOf: (head) => head.readInt32BE(0), kept: 4 };
const typed = (kept: number): Framing => ({ head: 5, lengthOf: (head) => 1 + head.readInt32BE(1), kept });

export const watchPostgres: WatchFactory = (onBegun) => {
  const underWay = new Set<string>();
  let begun = false;
  const up = new Frames(startup, (message) => {
    if (!begun) {
      begun = true;
      return typed(64);
    }
    if (message[0] === BIND && statementOf(message) === FENCE) {
      underWay.add(FENCE);
      onBegun('commit');
    }
    return undefined;
  });
  const down = new Frames(typed(5), (message) => {
    if (message[0] === READY) underWay.clear();
    return undefined;
  });
  return { underWay, up: (chunk) => up.take(chunk), down: (chunk) => down.take(chunk) };
};

/** Of a Bind: the name of the portal, then that of the statement, each ended by a zero. */
function statementOf(bind: Buffer): string {
  const from = bind.indexOf(0, 5) + 1;
  const to = bind.indexOf(0, from);
  return to < 0 ? '' : bind.toString('utf8', from, to);
}

// ---------------------------------------------------------------------------------------------------------- Kafka

const ADD_PARTITIONS = 24;
const ADD_OFFSETS = 25;
const END = 26;
const sized = (kept: number): Framing => ({ head: 4, lengthOf: (head) => 4 + head.readInt32BE(0), kept });

export const watchKafka: WatchFactory = (onBegun, onCommitted) => {
  const underWay = new Set<string>();
  /** Topics of each transaction that is under way. */
  const topics = new Map<string, Set<string>>();
  /** Ends that are not answered yet, by correlation id. */
  const ends = new Map<number, { readonly id: string; readonly committed: boolean }>();
  const up = new Frames(sized(2_000), (message) => {
    const key = message.readInt16BE(4);
    if (key !== ADD_PARTITIONS && key !== ADD_OFFSETS && key !== END) return undefined;
    const [id, at] = text(message, transactionalIdAt(message));
    if (key === END) ends.set(message.readInt32BE(8), { id, committed: message[at + PRODUCER] === 1 });
    else if (!underWay.has(id)) {
      underWay.add(id);
      topics.set(id, new Set());
      onBegun('transaction');
    }
    if (key === ADD_PARTITIONS) for (const topic of topicsFrom(message, at + PRODUCER)) topics.get(id)?.add(topic);
    return undefined;
  });
  const down = new Frames(sized(8), (message) => {
    const correlation = message.readInt32BE(4);
    const ended = ends.get(correlation);
    ends.delete(correlation);
    if (ended === undefined) return undefined;
    if (ended.committed) onCommitted(topics.get(ended.id)?.size ?? 0);
    underWay.delete(ended.id);
    topics.delete(ended.id);
    return undefined;
  });
  return { underWay, up: (chunk) => up.take(chunk), down: (chunk) => down.take(chunk) };
};

/** Bytes of a producer's id and epoch, which follow its transactional id. */
const PRODUCER = 8 + 2;

/** After size, api key, version, correlation id and the client's name; KafkaJS knows no flexible version of these. */
function transactionalIdAt(request: Buffer): number {
  return 14 + Math.max(0, request.readInt16BE(12));
}

/** A text and where it ends. */
function text(bytes: Buffer, at: number): readonly [string, number] {
  const end = at + 2 + bytes.readInt16BE(at);
  return [bytes.toString('utf8', at + 2, end), end];
}

/** The topics of a list of topics with their partitions; of one that was cut off, those that are there. */
function topicsFrom(bytes: Buffer, from: number): string[] {
  const found: string[] = [];
  let at = from + 4;
  for (let left = bytes.readInt32BE(from); left > 0 && at + 2 <= bytes.length; left--) {
    const [topic, end] = text(bytes, at);
    found.push(topic);
    if (end + 4 > bytes.length) break;
    at = end + 4 + 4 * bytes.readInt32BE(end);
  }
  return found;
}
