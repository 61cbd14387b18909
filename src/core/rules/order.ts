/**
 * Compares two well-formed texts by their UTF-8 bytes, as Postgres does under `COLLATE "C"`. JavaScript's own `<` goes
 * by UTF-16 units, which puts characters beyond U+FFFF before those from U+E000 on.
 * @returns negative, 0 or positive.
 */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** A surrogate stands for a character beyond U+FFFF: after all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
