/**
 * What one partition contributes to each profile: sums kept by adding each commit's differences, as the database keeps
 * them, never by adding up the visits. That the two agree is for tests to see.
 */
import type { TraitWrite } from '../core/changes.ts';
import { compareUtf8 } from '../core/rules/order.ts';
import type { ProfileChange } from './profile-changes.ts';
import type { VisitRow } from './visit-row.ts';

export interface ProfilePart {
  readonly profileId: string;
  readonly visitCount: number;
  readonly eventCount: number;
  readonly pageViewCount: number;
  readonly durationMs: number;
  /** null where it has no visit. */
  readonly firstSeenAt: number | null;
  readonly lastSeenAt: number | null;
}

export class ProfileParts {
  readonly parts = new Map<string, ProfilePart>();
  /** By profile id, then key; those that a null unset stay, or an older value could come back. */
  readonly traits = new Map<string, Map<string, TraitWrite>>();

  /** @param visits the partition's, as they are after the commit: read where first and last seen must be found anew. */
  add(delta: ProfileChange, visits: Iterable<VisitRow>): void {
    const { profileId } = delta;
    const now = this.parts.get(profileId);
    const part: ProfilePart = {
      profileId,
      visitCount: (now?.visitCount ?? 0) + delta.visitCount,
      eventCount: (now?.eventCount ?? 0) + delta.eventCount,
      pageViewCount: (now?.pageViewCount ?? 0) + delta.pageViewCount,
      durationMs: (now?.durationMs ?? 0) + delta.durationMs,
      ...(delta.shrunk
        ? seen([...visits].filter((row) => !row.debug && row.profileId === profileId))
        : {
            firstSeenAt: least(now?.firstSeenAt ?? null, delta.firstSeenAt),
            lastSeenAt: greatest(now?.lastSeenAt ?? null, delta.lastSeenAt),
          }),
    };
    const { visitCount, eventCount, pageViewCount, durationMs } = part;
    // Only where all of it is gone: a sum left over without a visit is a mistake, and has to show.
    if (visitCount === 0 && eventCount === 0 && pageViewCount === 0 && durationMs === 0) this.parts.delete(profileId);
    else this.parts.set(profileId, part);
  }

  setTrait(write: TraitWrite): void {
    let mine = this.traits.get(write.profileId);
    if (mine === undefined) {
      mine = new Map();
      this.traits.set(write.profileId, mine);
    }
    const now = mine.get(write.key);
    if (now === undefined || isLater(write, now)) mine.set(write.key, write);
  }
}

/** By (`t`, `eventId`, `sessionId`); of two that are equal the one that is there stays. */
export function isLater(a: TraitWrite, b: TraitWrite): boolean {
  return (a.t - b.t || compareUtf8(a.eventId, b.eventId) || compareUtf8(a.sessionId, b.sessionId)) > 0;
}

function seen(visits: readonly VisitRow[]): { firstSeenAt: number | null; lastSeenAt: number | null } {
  return {
    firstSeenAt: visits.reduce<number | null>((first, row) => least(first, row.startedAt), null),
    lastSeenAt: visits.reduce<number | null>((last, row) => greatest(last, row.lastEventAt), null),
  };
}

export function least(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

export function greatest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
