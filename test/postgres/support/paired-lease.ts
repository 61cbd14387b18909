/** Two stores as one: every answer of the first is held against the second's before it is given. */
import { expect } from '@jest/globals';
import type { HistoryQuery, HistoryReach, SessionHistory } from '../../../src/core/history.ts';
import type { Visit } from '../../../src/core/memory/visit.ts';
import type { Commit, Lease, Store } from '../../../src/ports/store.ts';
import { plainVisit } from '../../support/plain-visit.ts';

export class PairedLease {
  readonly first: Lease<string>;
  readonly second: Lease<string>;

  constructor(first: Lease<string>, second: Lease<string>) {
    this.first = first;
    this.second = second;
    const known = ({ epoch, state, started, lastRecord, published, outboxBytes }: Lease<string>) => ({
      ...{ epoch, state, started, lastRecord, published, outboxBytes },
    });
    expect(known(first)).toEqual(known(second));
    expect(byId(first.open)).toEqual(byId(second.open));
  }

  static async takeOver(first: Store<string>, second: Store<string>, partition: number): Promise<PairedLease> {
    return new PairedLease(await first.takeOver(partition), await second.takeOver(partition));
  }

  async history(query: HistoryQuery): Promise<SessionHistory[]> {
    const [answer, right] = [await this.first.history(query), await this.second.history(query)];
    const comparable = (found: SessionHistory, i: number) => ({
      ...found,
      ended: byId(found.ended),
      // Of a visit that has ended in the meantime a store may tell the ids here, or with the visit.
      openEventIds: new Map(
        [...found.openEventIds].filter(([id]) => right[i]!.openEventIds.has(id)).map(([id, ids]) => [id, new Set(ids)]),
      ),
    });
    expect(answer.map(comparable)).toEqual(right.map(comparable));
    if (answer.some(({ ended }) => ended.length > 0)) await this.#sameSessions(query);
    return answer;
  }

  async #sameSessions(reach: HistoryReach): Promise<void> {
    const [found, right] = [await sessionsOf(this.first, reach), await sessionsOf(this.second, reach)];
    expect(found.sort()).toEqual(right.sort());
  }

  async commit(commit: Commit<string>): Promise<void> {
    await Promise.all([this.first.commit(commit), this.second.commit(commit)]);
  }
}

/** All ids that `endedSessions` gives. */
export async function sessionsOf(lease: Lease<string>, reach: HistoryReach): Promise<string[]> {
  const ids: string[] = [];
  for await (const piece of lease.endedSessions(reach)) ids.push(...piece);
  return ids;
}

function byId(visits: readonly Visit[]) {
  return [...visits].sort((a, b) => (a.id < b.id ? -1 : 1)).map(plainVisit);
}
