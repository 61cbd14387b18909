/** 32 bits of a hash, each of which hangs on all of what was there before: the last step of MurmurHash3. */
export function murmurFinalizer(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
