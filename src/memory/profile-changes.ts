/**
 * What one commit changes of each profile's sums: the difference between what its visits contribute now and what the
 * rows that they replace contributed.
 */
import type { VisitRow } from './visit-row.ts';

export interface ProfileChange {
  readonly profileId: string;
  visitCount: number;
  eventCount: number;
  pageViewCount: number;
  durationMs: number;
  /** Lowest start and highest last event among the visits that it gained; null if it gained none. */
  firstSeenAt: number | null;
  lastSeenAt: number | null;
  /** A visit left it: first and last seen must be found again among what remains. */
  shrunk: boolean;
}

export class ProfileChanges implements Iterable<ProfileChange> {
  private readonly changes = new Map<string, ProfileChange>();

  /** @param before the row that is replaced; null: there is none. */
  becomes(before: VisitRow | null, now: VisitRow): void {
    const profileId = profileOf(now);
    const base = before !== null && profileOf(before) === profileId ? before : null;
    if (before !== null && base === null) this.leaves(before);
    if (profileId === null) return;
    const change = this.of(profileId);
    change.visitCount += base === null ? 1 : 0;
    change.eventCount += now.eventCount - (base?.eventCount ?? 0);
    change.pageViewCount += now.pageViewCount - (base?.pageViewCount ?? 0);
    change.durationMs += durationOf(now) - (base === null ? 0 : durationOf(base));
    change.firstSeenAt = Math.min(change.firstSeenAt ?? now.startedAt, now.startedAt);
    change.lastSeenAt = Math.max(change.lastSeenAt ?? now.lastEventAt, now.lastEventAt);
  }

  leaves(before: VisitRow): void {
    const profileId = profileOf(before);
    if (profileId === null) return;
    const change = this.of(profileId);
    change.visitCount -= 1;
    change.eventCount -= before.eventCount;
    change.pageViewCount -= before.pageViewCount;
    change.durationMs -= durationOf(before);
    change.shrunk = true;
  }

  [Symbol.iterator](): Iterator<ProfileChange> {
    return this.changes.values();
  }

  private of(profileId: string): ProfileChange {
    let change = this.changes.get(profileId);
    if (change === undefined) {
      change = {
        ...{ profileId, visitCount: 0, eventCount: 0, pageViewCount: 0, durationMs: 0 },
        ...{ firstSeenAt: null, lastSeenAt: null, shrunk: false },
      };
      this.changes.set(profileId, change);
    }
    return change;
  }
}

/** Debug traffic counts for no profile. */
function profileOf(row: VisitRow): string | null {
  return row.debug ? null : row.profileId;
}

function durationOf(row: VisitRow): number {
  return row.lastEventAt - row.startedAt;
}
