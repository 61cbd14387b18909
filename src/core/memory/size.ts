import type { ContextEntry, Json } from '../rules/event.ts';
import { BoundedMap } from './bounded-map.ts';
import { longUnits } from './values.gen.ts';
import type { Visit } from './visit.ts';

/** What an ordinary visit takes in a commit, in bytes: the records that changed it stand for that. */
const ORDINARY = 1_000;

/**
 * What a visit takes in a commit beyond an ordinary one, in bytes, about: its row holds a context of up to 32 KB a key,
 * its message texts of 2 KB each. It is counted, because what ends together was not written together: a hundred thousand large
 * visits may be due at once, long after the records that they came in.
 */
export function largeBytes(visit: Visit): number {
  const { context, contextPage, contextUtm, named } = visit;
  let bytes = visit.types.size * 20 + longUnits(visit);
  for (let i = 0; i < context.length; i++) bytes += entrySize(context[i]!);
  if (contextPage !== null) bytes += entrySize(contextPage);
  if (contextUtm !== null) bytes += entrySize(contextUtm);
  for (let i = 0; i < named.length; i++) bytes += named[i]?.length ?? 0;
  return Math.max(0, bytes - ORDINARY);
}

/** Sizes of entries, each of which many visits share. */
const sizes = new BoundedMap<ContextEntry, number>(16_384);

function entrySize(entry: ContextEntry): number {
  let size = sizes.get(entry);
  if (size === undefined) {
    size = sizeOf(entry[1]);
    sizes.set(entry, size);
  }
  return size;
}

function sizeOf(value: Json): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let bytes = 0;
  for (const key in value) bytes += key.length + sizeOf((value as { readonly [key: string]: Json })[key]!);
  return bytes;
}
