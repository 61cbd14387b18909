import { PackedId } from '../../src/core/memory/event-ids.ts';
import { Revisions } from '../../src/core/memory/revisions.ts';
import type { Revision } from '../../src/core/rules/visit-ended.ts';

/** These revisions as the fold hands them over. */
export function revisionsOf(all: Iterable<Revision>): Revisions {
  const revisions = new Revisions();
  for (const each of all) revisions.add(new PackedId().set(each.visitId), each);
  return revisions;
}
