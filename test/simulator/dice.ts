/** Chance that a seed decides, in streams that do not disturb each other: what one draws changes nothing for the rest. */

/** A number in [0, 1) each time. */
export type Dice = () => number;

export function dice(seed: number): Dice {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of a stream of its own, by name. */
export function streamOf(seed: number, name: string): number {
  let hash = seed | 0;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) + 0x9e3779b9;
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return hash ^ (hash >>> 15);
}

/** A whole number from `from` up to, not including, `to`. */
export function whole(draw: Dice, from: number, to: number): number {
  return from + Math.floor(draw() * (to - from));
}

export function pick<T>(draw: Dice, from: readonly T[]): T {
  return from[whole(draw, 0, from.length)]!;
}

/** In an order that the dice decide. */
export function shuffled<T>(draw: Dice, of: readonly T[]): T[] {
  const left = [...of];
  for (let i = left.length - 1; i > 0; i--) {
    const j = whole(draw, 0, i + 1);
    [left[i], left[j]] = [left[j]!, left[i]!];
  }
  return left;
}
