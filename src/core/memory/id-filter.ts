/**
 * Which ids may have something in the store, those of sessions or of profiles, in little memory: a Bloom filter that
 * grows.
 *
 * Invariant: an id that was added is never denied. So where it denies one, nothing has to be looked up; where it does
 * not, about one time in fifty at most, there may still be nothing to find.
 *
 * Source: B. H. Bloom, Space/time trade-offs in hash coding with allowable errors, 1970; layers as in P. S. Almeida et
 * al., Scalable Bloom filters, 2007.
 */
import type { PackedId } from './event-ids.ts';
import { murmurFinalizer } from './murmur-finalizer.ts';

export class IdFilter {
  private readonly layers: Layer[] = [new Layer(FIRST)];
  private bytes = FIRST / 8;

  /** False once there were more ids than it may take memory for: it denies none any more. */
  get serves(): boolean {
    return this.bytes <= MOST_BYTES;
  }

  add(id: PackedId): void {
    if (!this.serves) return;
    const [h1, h2] = hashes(id);
    let last = this.layers.at(-1)!;
    if (last.isFull) {
      last = new Layer(Math.min(last.bits * 2, LARGEST));
      this.bytes += last.bits / 8;
      if (!this.serves) {
        this.layers.length = 0;
        return;
      }
      this.layers.push(last);
    }
    last.add(h1, h2);
  }

  /** False: the id was never added. */
  mayHave(id: PackedId): boolean {
    if (!this.serves) return true;
    const [h1, h2] = hashes(id);
    for (const layer of this.layers) if (layer.has(h1, h2)) return true;
    return false;
  }
}

/** Bits an id, and bits set for each: in a full layer one id in three hundred is mistaken for another. */
const BITS_EACH = 12;
const PROBES = 7;
const FIRST = 2 ** 20;
const LARGEST = 2 ** 26;
/** About 20 million ids. */
const MOST_BYTES = 32 * 2 ** 20;

class Layer {
  readonly bits: number;
  private readonly words: Int32Array;
  private left: number;

  /** @param bits a power of two. */
  constructor(bits: number) {
    this.bits = bits;
    this.words = new Int32Array(bits / 32);
    this.left = Math.floor(bits / BITS_EACH);
  }

  get isFull(): boolean {
    return this.left <= 0;
  }

  add(h1: number, h2: number): void {
    this.left -= 1;
    for (let i = 0, h = h1; i < PROBES; i++, h = (h + h2) | 0) {
      const bit = h & (this.bits - 1);
      this.words[bit >>> 5]! |= 1 << (bit & 31);
    }
  }

  has(h1: number, h2: number): boolean {
    for (let i = 0, h = h1; i < PROBES; i++, h = (h + h2) | 0) {
      const bit = h & (this.bits - 1);
      if ((this.words[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }
}

const pair: [number, number] = [0, 0];

/** Two hashes of an id, which the probes are made of. @returns valid until the next call. */
function hashes(id: PackedId): readonly [number, number] {
  let h1 = 0x811c9dc5;
  let h2 = 0x9747b28c;
  if (id.isUuid) {
    h1 = murmurFinalizer(murmurFinalizer(h1 ^ id.a ^ id.c) ^ id.b ^ id.d);
    h2 = murmurFinalizer(murmurFinalizer(h2 ^ id.b ^ id.c) ^ id.a ^ id.d);
  } else {
    for (let i = 0; i < id.text.length; i++) {
      const code = id.text.charCodeAt(i);
      h1 = Math.imul(h1 ^ code, 0x01000193);
      h2 = Math.imul(h2 ^ code, 0x5bd1e995);
      h2 ^= h2 >>> 13;
    }
  }
  pair[0] = murmurFinalizer(h1);
  // Odd, so that the probes are as many different bits.
  pair[1] = murmurFinalizer(h2) | 1;
  return pair;
}
