import { uuidText } from '../core/memory/event-ids.ts';

/**
 * Seeded random numbers (xoshiro128**). The same seed gives the same traffic anywhere, and in every version: that is why this is
 * no package's generator, which may change with its releases.
 */
export class Random {
  private readonly s: Uint32Array;

  constructor(seed: number) {
    // splitmix32 spreads any seed, zero included, over the state.
    let z = seed >>> 0;
    this.s = Uint32Array.from({ length: 4 }, () => {
      z = (z + 0x9e3779b9) >>> 0;
      let x = z;
      x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
      x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
      return (x ^ (x >>> 16)) >>> 0;
    });
  }

  /** 32 random bits. */
  bits(): number {
    const { s } = this;
    const result = Math.imul(rotate(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotate(s[3]!, 11);
    return result;
  }

  /** A number from 0 up to, not including, 1. */
  next(): number {
    return this.bits() / 0x1_0000_0000;
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** A whole number from 0 up to, not including, `n`. */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** A waiting time, exponentially distributed with this mean. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** Picks an item, the first ones far more often than the last, as with pages and countries. */
  pickSkewed<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() ** 2.5 * items.length)]!;
  }

  uuid(): string {
    const [a, b, c, d] = [this.bits(), this.bits(), this.bits(), this.bits()];
    return uuidText(a, (b & ~0xf000) | 0x4000, (c & 0x3fffffff) | 0x80000000, d);
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.bits() & 0xff));
  }
}

function rotate(x: number, by: number): number {
  return ((x << by) | (x >>> (32 - by))) >>> 0;
}
