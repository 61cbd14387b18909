import type { Changes } from '../core/changes.ts';
import { PackedId } from '../core/memory/event-ids.ts';
import type { Revisions } from '../core/memory/revisions.ts';
import type { Visit } from '../core/memory/visit.ts';
import type { Step } from './batch.ts';
import type { Blocks } from './blocks.ts';
import { CopyRows } from './copy.ts';
import type { MissingMonths } from './ranges.ts';
import { copy, copyStatement } from './statements.ts';

const id = new PackedId();

const COPY_REVISION = copyStatement(
  'visit_revision',
  'visit_id, revision, reason, retracted, merged_into, started_at, ended_at, event_count, decided_at',
);

/**
 * The revisions of a commit, each of which is stored in one of two ways: an ended visit's row implies its last revision,
 * by `decided_at`; all others have a row of their own. Most visits end once, so most revisions cost nothing.
 *
 * Invariant: `decided_at` is set only where each column of the revision follows from the row.
 */
export class RevisionRows {
  readonly #all: Revisions;
  /** 1 for each that a visit's row implies. */
  readonly #impliedByRow: Uint8Array;

  constructor({ revisions }: Pick<Changes<unknown>, 'revisions'>) {
    this.#all = revisions;
    this.#impliedByRow = new Uint8Array(revisions.length);
  }

  /**
   * Lets a visit's row in ended_visit imply its last revision, if it can.
   * @param last index of its last revision among those of the commit; -1: it has none.
   * @returns the row's `decided_at`; null: the row implies no revision of this commit.
   */
  implyByRow(visit: Visit, last: number): number | null {
    if (last < 0 || !this.#all.isStillTrue(last, visit)) return null;
    this.#impliedByRow[last] = 1;
    return this.#all.decidedAt(last);
  }

  /** Writes the revisions that no visit's row implies. */
  steps(months: MissingMonths, blocks: Blocks): Step[] {
    const rows = new CopyRows(9, blocks);
    for (let i = 0; i < this.#all.length; i++) {
      if (this.#impliedByRow[i] === 1) continue;
      const revision = this.#all.at(i);
      months.need(this.#all.readVisitId(i, id));
      rows.row();
      rows.id(id);
      rows.int(revision.revision);
      rows.text(revision.reason);
      rows.boolean(revision.retracted);
      rows.uuid(revision.mergedInto);
      rows.time(revision.startedAt);
      rows.time(revision.endedAt);
      rows.int(revision.eventCount);
      rows.time(revision.decidedAt);
    }
    return copy(COPY_REVISION, rows);
  }
}

/** Columns of visit_revision, and where a row of ended_visit that implies its last revision has them. */
const FROM_ENDED = [
  ['visit_id', 'visit_id'],
  ['revision', 'published - 1'],
  ['reason', 'reason'],
  ['retracted', 'false'],
  ['started_at', 'started_at'],
  ['ended_at', 'last_event_at'],
  ['event_count', 'event_count'],
  ['decided_at', 'decided_at'],
] as const;

/** Gives rows of their own to the revisions that rows of `source`, as they are in ended_visit, imply. */
export function writeOutRevisions(source: string, where = ''): string {
  const columns = FROM_ENDED.map(([column]) => column).join(', ');
  const values = FROM_ENDED.map(([, value]) => value).join(', ');
  return `INSERT INTO visit_revision (${columns}) SELECT ${values} FROM ${source} WHERE decided_at IS NOT NULL${where}`;
}
