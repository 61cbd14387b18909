import type { ShownVisit } from './parts.ts';

/** How long a visit that ended keeps its row, ms. */
const LINGER = 2_500;

/**
 * Chooses the visits on the screen. Each keeps its row from when it is first shown until a while after it ended, so that
 * one can watch it grow, fall silent and end; then a newer visit gets the row.
 */
export class ScreenRows {
  private shown: ({ readonly visitId: string; endedAt: number | null } | null)[] = [];

  get visitIds(): string[] {
    return this.shown.flatMap((row) => (row === null ? [] : [row.visitId]));
  }

  /** @param now ms. @returns at most `height` visits, in the order of their rows. */
  next(visits: readonly ShownVisit[], height: number, now: number): ShownVisit[] {
    const byId = new Map(visits.map((visit) => [visit.visitId, visit]));
    const shown = this.shown.slice(0, height);
    while (shown.length < height) shown.push(null);
    const taken = new Set(shown.map((row) => row?.visitId));
    const waiting = visits
      .filter(({ visitId, status }) => status === 'open' && !taken.has(visitId))
      .sort((a, b) => (a.visitId < b.visitId ? 1 : -1));
    this.shown = shown.map((row) => {
      const visit = row && byId.get(row.visitId);
      if (row !== null && visit !== undefined) {
        const endedAt = visit?.status === 'ended' ? (row.endedAt ?? now) : null;
        // No visit waits for the row: this one may stay.
        if (endedAt === null || now - endedAt < LINGER || waiting.length === 0) return { ...row, endedAt };
      }
      const newest = waiting.shift();
      return newest === undefined ? null : { visitId: newest.visitId, endedAt: null };
    });
    return this.shown.flatMap((row) => (row === null ? [] : [byId.get(row.visitId)!]));
  }
}
