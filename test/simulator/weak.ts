/** Producers that leave out what the guarantees rest on. */
import type { BrokerRequests, Brokers, KeptOffset, ProduceRequest } from '../../src/kafka/produce/brokers.ts';
import { refusal } from '../../src/kafka/produce/brokers.ts';
import { KEPT_AGAIN, OFFSETS_AGAIN } from '../../src/kafka/produce/errors.ts';
import type { IdempotentProducer } from '../../src/kafka/produce/idempotent-producer.ts';
import type { TransactionalProducer } from '../../src/kafka/produce/transactional-producer.ts';
import type { OutMessages, OutputSession } from '../../src/ports/output.ts';
import { readBatch, withSequence } from './cluster/batch.ts';
import type { SimBrokers, SimRequests } from './cluster/brokers.ts';
import { Refused } from './cluster/refused.ts';
import type { Process } from './surroundings.ts';
import type { Weakness } from './weakness.ts';

/** Asks for the position first, and fences its predecessor when it sends. */
export async function notFenced(
  group: () => Promise<BrokerRequests>,
  positionAt: KeptOffset,
  open: () => Promise<OutputSession>,
): Promise<OutputSession> {
  const kept = await (await group()).keptOffset(positionAt);
  let session: OutputSession | null = null;
  const opened = async () => {
    session ??= await open();
    return session;
  };
  return {
    position: async () => (kept < 0 ? null : kept),
    send: async (messages: readonly OutMessages[], next: number) => (await opened()).send(messages, next),
    renew: async (next) => (await opened()).renew(next),
    readBack: async (from) => (await opened()).readBack(from),
    close: async () => session?.close(),
  };
}

/** A broker that takes itself for the group's coordinator is asked for the position, and need not show that it can write. */
export function believeAny(
  producer: TransactionalProducer,
  { asking, options: { brokers } }: IdempotentProducer,
): void {
  producer.kept = async (of) => {
    const offset = await asking.until({
      what: 'ask for the position',
      whom: () => brokers.coordinator('group', of.group),
      ask: (broker) => broker.keptOffset(of),
      again: new Set([...OFFSETS_AGAIN, ...KEPT_AGAIN]),
      twice: true,
    });
    return offset < 0 ? null : offset;
  };
}

/** Whatever was not acknowledged is left out, and the rest committed. */
export function ignoreFailedSends(producer: IdempotentProducer): void {
  const { asking, acknowledged } = producer;
  acknowledged.mustBeComplete = () => {};
  const send = producer.send.bind(producer);
  producer.send = async (batches) => {
    const stop = asking.stop.bind(asking);
    asking.stop = () => {};
    await send(batches).catch(() => {});
    asking.stop = stop;
  };
}

/** Of hosts that never forget. */
const remembered = new WeakMap<Process, Map<number, Brokers>>();

export function weakBrokers(
  weakness: Weakness | null,
  host: Process,
  partition: number,
  make: () => SimBrokers,
): Brokers {
  switch (weakness) {
    case 'no outbox position':
      return changed(make(), () => ({ keptOffset: async () => -1 }));
    case 'coordinator asked twice':
      return changed(make(), askedAgain);
    case 'new sequence numbers on a retry':
      return changed(make(), numberedAnew());
    case 'a part not sent':
      return changed(make(), oncePerBroker());
    case 'leaders never forgotten': {
      const mine = remembered.get(host) ?? new Map<number, Brokers>();
      remembered.set(host, mine);
      const brokers = mine.get(partition) ?? make();
      brokers.forget = () => {};
      mine.set(partition, brokers);
      return brokers;
    }
    default:
      return make();
  }
}

type Change = (requests: SimRequests) => Partial<BrokerRequests>;

function changed(brokers: SimBrokers, change: Change): Brokers {
  const weak = (requests: SimRequests) => ({ ...requests, ...change(requests) });
  return {
    leader: async (topic, partition) => weak(await brokers.leader(topic, partition)),
    coordinator: async (of, name) => weak(await brokers.coordinator(of, name)),
    any: async () => weak(await brokers.any()),
    forget: () => brokers.forget(),
  };
}

/** No answer is taken for a refusal. */
function askedAgain({ endTxn, txnOffsetCommit }: SimRequests): Partial<BrokerRequests> {
  const again = (error: unknown) => {
    throw refusal(error) === null ? new Refused('GROUP_COORDINATOR_NOT_AVAILABLE') : error;
  };
  return {
    endTxn: (request) => endTxn(request).catch(again),
    txnOffsetCommit: (request) => txnOffsetCommit(request).catch(again),
  };
}

/** Each try of a batch goes on in the sequence where the one before it ended. */
function numberedAnew(): Change {
  const tries = new Map<string, { readonly batch: Buffer; by: number }>();
  return ({ produce }) => ({
    produce: (request) => {
      const at = placeOf(request);
      const { batch } = request;
      const { firstSequence, records } = readBatch(batch);
      const before = tries.get(at);
      const by = (before?.by ?? 0) + (before?.batch === batch ? records.length : 0);
      tries.set(at, { batch, by });
      return produce({ ...request, batch: withSequence(batch, firstSequence + by) });
    },
  });
}

/** What is sent again is taken for sent where its new leader has answered for another partition. */
function oncePerBroker(): Change {
  const answered = new Set<number>();
  const failed = new Set<string>();
  return ({ id, produce, endTxn }) => ({
    produce: async (request) => {
      const at = placeOf(request);
      if (failed.has(at) && answered.has(id)) return null;
      try {
        const offset = await produce(request);
        answered.add(id);
        failed.delete(at);
        return offset;
      } catch (error) {
        failed.add(at);
        throw error;
      }
    },
    endTxn: (request) => {
      answered.clear();
      failed.clear();
      return endTxn(request);
    },
  });
}

function placeOf({ topic, partition }: ProduceRequest): string {
  return `${topic} ${partition}`;
}
