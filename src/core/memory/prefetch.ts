/**
 * Prefetching. The parts of a visit, a session or an event lie all over memory, and to fetch one from there takes a
 * hundred times as long as to reckon with it. A loop that comes upon one after the other waits for each; where something
 * of many is read first, in a short loop with nothing between, the processor waits for many of them at once. Only time
 * is gained: nothing is decided by what is read, and whatever a `prefetch` reads may be read in vain.
 */
const sink = new Int32Array(1);

/** Sessions, or visits, that are prefetched before the first of them is needed: what they touch fits into the second cache. */
export const PREFETCH_BATCH = 128;

/** Sink: without a use the compiler would drop the loads. */
export function prefetched(read: number): void {
  sink[0]! ^= read;
}
