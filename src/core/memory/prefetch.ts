/**
 * Reading ahead. What a visit, a session or an event is made of lies all over memory, and to fetch it from there takes a
 * hundred times as long as to reckon with it. Whoever comes upon one after the other waits for each; where something of
 * many is read first, in a short loop with nothing between, the processor waits for many of them at once. All that is
 * gained is time: nothing is decided by what is read, and whatever a `glance` reads may be read in vain.
 */
const taken = new Int32Array(1);

/** Takes what was read ahead, which is of no use: it has to go somewhere, or it would not be read. */
export function glanced(read: number): void {
  taken[0]! ^= read;
}
