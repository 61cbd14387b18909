import type { Lease } from '../ports/store.ts';
import type { Clock } from '../time/clock.ts';

/** The parts that a partition asks. */
export type Asked = 'store' | 'brokers';

export interface Call {
  readonly to: Asked;
  /** Its name, as the beginning of a clause: `a commit`. */
  readonly what: string;
  /** ms since the epoch. */
  readonly since: number;
}

/** The calls of one partition that have no answer yet. */
export class Calls {
  private readonly clock: Clock;
  private readonly underWay = new Set<Call>();
  /** When the call began that failed last; null: none has. */
  failedSince: number | null = null;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The one that has been under way longest; null: none is. */
  oldest(to: Asked): Call | null {
    for (const call of this.underWay) if (call.to === to) return call;
    return null;
  }

  /** @throws what the work throws */
  async during<T>(to: Asked, what: string, work: () => Promise<T>): Promise<T> {
    const call: Call = { to, what, since: this.clock.now() };
    this.underWay.add(call);
    try {
      return await work();
    } catch (error) {
      this.failedSince = call.since;
      throw error;
    } finally {
      this.underWay.delete(call);
    }
  }
}

/**
 * The same lease, whose calls are seen while they are under way. What is read beside all else (`endedSessions`) is not:
 * nothing waits for it.
 * @param written called when something was written: a commit, or a sign of life.
 */
export function watchedLease<Raw>(lease: Lease<Raw>, calls: Calls, written: () => void): Lease<Raw> {
  const { partition, epoch, state, started, lastRecord, open, published, outboxBytes, writerSchemas } = lease;
  const writes = async (what: string, work: () => Promise<void>) => {
    await calls.during('store', what, work);
    written();
  };
  return {
    ...{ partition, epoch, state, started, lastRecord, open, published, outboxBytes, writerSchemas },
    history: (query) => calls.during('store', 'a look-up of sessions', () => lease.history(query)),
    endedSessions: (reach) => lease.endedSessions(reach),
    commit: (commit) => writes('a commit', () => lease.commit(commit)),
    outbox: (from, maxBytes) => calls.during('store', 'a read of the outbox', () => lease.outbox(from, maxBytes)),
    acknowledge: (published) => writes('a sign of life', () => lease.acknowledge(published)),
    release: () => lease.release(),
  };
}
