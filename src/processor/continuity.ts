import { BEGIN_ANEW, CannotGoOn, LogAway, messageOf } from '../ports/errors.ts';
import type { InputLog } from '../ports/log.ts';
import type { RawRecord, RecordDigest } from '../ports/record.ts';
import type { Lease } from '../ports/store.ts';
import type { Clock } from '../time/clock.ts';
import { digestOf } from './record-digest.ts';

/**
 * A new leader may for a moment not know yet how far its log reaches, and one that was deposed while it stood still takes
 * itself for the leader until it hears otherwise: longer than brokers take to notice that one of them is gone, ms.
 */
const SHORT_LOG_PATIENCE = 15_000;
const ASK_AGAIN = 500;

/** Where a partition that was never folded begins; a number is a time in ms. */
export type Start = 'earliest' | 'latest' | number;

/**
 * Checks that the log still is the one that was folded.
 *
 * Invariant: folding goes on only where the log goes on: nothing between what was folded and what is read next is
 * missing, and the record folded last reads back the same, if it is there. Kafka answers for a topic that was deleted and
 * made anew under its name as if nothing had happened; folded on, one log's records would be counted into another's visits.
 */
export class Continuity {
  private readonly log: InputLog;
  private readonly clock: Clock;
  private readonly partition: number;
  private readonly at: string;

  constructor(log: InputLog, clock: Clock, topic: string, partition: number) {
    this.log = log;
    this.clock = clock;
    this.partition = partition;
    this.at = `partition ${partition} of ${topic}`;
  }

  /**
   * Finds where folding goes on after a take-over, and the record to read back first, if retention has left it.
   * @throws CannotGoOn if the log is not the one that was folded, or records are gone.
   */
  async locate(
    lease: Lease<unknown>,
    start: Start,
  ): Promise<{ readonly offset: number; readonly verify: RecordDigest | null; readonly end: number }> {
    if (!lease.started) {
      const { earliest, end } = await asked(this.log.bounds(this.partition));
      if (start === 'earliest') return { offset: earliest, verify: null, end };
      const offset = start === 'latest' ? end : await asked(this.log.offsetAt(this.partition, start));
      return { offset, verify: null, end };
    }
    const offset = lease.state.nextOffset;
    const { earliest, end } = await this.check(offset, lease);
    const { lastRecord } = lease;
    return { offset, verify: lastRecord !== null && lastRecord.offset >= earliest ? lastRecord : null, end };
  }

  /**
   * Asks for the bounds of the log, which must hold `offset`, or end there.
   * @throws CannotGoOn; the error of the store, if the partition is another's by now.
   */
  async check(offset: number, lease: Lease<unknown>): Promise<{ readonly earliest: number; readonly end: number }> {
    const patience = this.clock.elapsed() + SHORT_LOG_PATIENCE;
    for (;;) {
      const { earliest, end } = await asked(this.log.bounds(this.partition));
      if (earliest > offset) {
        await this.mustBeOurs(lease);
        throw new CannotGoOn(
          `${this.at}: records ${offset} to ${earliest - 1} were deleted before they were folded. ` +
            `They are lost to this state: raise the retention of the topic, then ${BEGIN_ANEW}`,
        );
      }
      if (end >= offset) return { earliest, end };
      if (this.clock.elapsed() >= patience) {
        await this.mustBeOurs(lease);
        throw new CannotGoOn(
          `${this.at} ends at offset ${end}, but was folded up to ${offset}: it was made anew, or lost records in a broker's failure. ` +
            `Point tidemark at the topic that it folded, or ${BEGIN_ANEW}`,
        );
      }
      await this.clock.sleep(ASK_AGAIN);
    }
  }

  /** A processor that stood still for long may miss only what its successor has folded since: that is no fault. */
  private async mustBeOurs(lease: Lease<unknown>): Promise<void> {
    await lease.acknowledge(lease.published);
  }

  /**
   * Compares what is read first with the record folded last. One that is gone proves nothing: a compacted topic loses
   * records whose key has a newer one.
   * @param records of the log from its offset on
   * @param next where folding goes on
   * @throws CannotGoOn if there is another, or one where there was none
   */
  verify(expected: RecordDigest, records: readonly RawRecord[], next: number): 'same' | 'gone' {
    const [first] = records;
    if (first === undefined || first.offset >= next) return 'gone';
    if (first.offset === expected.offset && digestOf(first).digest === expected.digest) return 'same';
    throw new CannotGoOn(
      `${this.at}: offset ${first.offset} holds another record than the one folded there. ` +
        `The topic was made anew: point tidemark at the one that it folded, or ${BEGIN_ANEW}`,
    );
  }
}

/** @throws LogAway */
function asked<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    throw new LogAway(messageOf(error), { cause: error });
  });
}
