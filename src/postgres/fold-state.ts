import { VarintReader } from '../bytes/varint.ts';
import { PackedId } from '../core/memory/event-ids.ts';
import { NO_EVENT } from '../core/memory/event-refs.ts';
import type { Visit } from '../core/memory/visit.ts';
import { ContextWalk, PAGE_KEY, UTM_KEY } from '../core/rules/context.ts';
import type { ContextParts } from '../core/rules/event.ts';
import { NAMED_VALUES } from '../core/rules/values.ts';
import type { ByteWriter } from './bytes.ts';
import { TextCache } from './caches.ts';
import { GROUPS, numberRefs, type RowValues, restoreGroups } from './values.gen.ts';

/**
 * The stored state: what only the fold needs of a visit and no view shows, beside the columns that hold the values: from
 * which event each value comes, and how many events of each type there were.
 *
 * Invariant: a visit that is written and read back is equal to what it was, the order in its maps included, so that no
 * decision depends on whether a visit stayed in memory or was loaded.
 *
 * Layout, integers as varints: version; refs: count, then each as its time against `startedAt` (zigzag) and its event
 * id; how many groups of values and named values were declared; then the ref (0: null, else its index + 1) of each;
 * context: count, then each key and its ref, page and UTM among the others; types: count, then each type and its
 * number.
 */
const VERSION = 2;
/** Version 1 lacks the two numbers. */
const DECLARED_IN_1 = { groups: 5, named: 8 };

export function writeFoldState(out: ByteWriter, visit: Visit): void {
  numbering.clear();
  numberRefs(numbering, visit);
  for (let i = 0; i < NAMED_VALUES.length; i += 1) numbering.number(visit.namedRefAt(i));
  for (walk.begin(visit); walk.next(); ) numbering.number(visit.contextRefAt(walk.place));

  out.byte(VERSION);
  out.varint(numbering.count);
  for (let i = 0; i < numbering.count; i += 1) {
    const ref = numbering.distinct[i]!;
    const after = visit.refTime(ref) - visit.startedAt;
    out.varint(after >= 0 ? after * 2 : -after * 2 - 1);
    writeId(out, visit.readRefId(ref, id));
  }
  out.byte(GROUPS);
  out.byte(NAMED_VALUES.length);
  let at = 0;
  for (; at < SINGLE; at += 1) out.varint(numbering.numbers[at]!);
  const { types } = visit;
  out.varint(numbering.numberCount - SINGLE);
  for (walk.begin(visit); walk.next(); ) {
    out.measured(walk.entry[0]);
    out.varint(numbering.numbers[at++]!);
  }
  out.varint(types.size);
  for (let i = 0; i < types.size; i += 1) {
    out.measured(types.typeAt(i));
    out.varint(types.countAt(i));
  }
}

/** Sets all values with their references, and the types, of `visit`; its `startedAt` must be set before. */
export function readFoldState(blob: Buffer, values: RowValues, parts: ContextParts, visit: Visit): void {
  const input = new Reader(blob);
  const version = input.byte();
  if (version < 1 || version > VERSION) {
    throw new Error(`visit ${visit.id} has fold state of version ${version}, not ${VERSION}: use a newer tidemark`);
  }
  const count = input.varint();
  if (count > 0) visit.extendRefs(count);
  for (let ref = 0; ref < count; ref += 1) {
    const zigzag = input.varint();
    const t = visit.startedAt + (zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2);
    visit.setRef(ref, t, input.id());
  }
  const declared = version === 1 ? DECLARED_IN_1 : { groups: input.byte(), named: input.byte() };
  if (declared.groups > GROUPS || declared.named > NAMED_VALUES.length) {
    throw new Error(`visit ${visit.id} has values that were declared later: use a newer tidemark`);
  }
  restoreGroups(input, declared.groups, values, visit);
  visit.named = values.named;
  refs.length = 0;
  for (let i = 0; i < declared.named; i += 1) refs.push(input.varint() - 1);
  for (let i = declared.named; i < NAMED_VALUES.length; i += 1) refs.push(NO_EVENT);
  visit.setNamedRefs(refs);
  // The keys of the list stand in its order, wherever page and UTM are among them.
  refs.length = 0;
  for (let left = input.varint(); left > 0; left -= 1) {
    const key = input.readOneOf(APART);
    const ref = input.varint() - 1;
    if (key === PAGE) visit.contextPageRef = ref;
    else if (key === UTM) visit.contextUtmRef = ref;
    else refs.push(ref);
  }
  const { context, contextPage, contextUtm } = parts;
  visit.context = context;
  visit.contextPage = contextPage;
  visit.contextUtm = contextUtm;
  visit.setContextRefs(refs);
  for (let left = input.varint(); left > 0; left -= 1)
    visit.types = visit.types.plus(input.sharedText(), input.varint());
}

/** One array for all visits: it is filled again for each. */
const refs: number[] = [];
const types = new TextCache();
/** Keys of entries that are not in the list. */
const [PAGE, UTM] = [Buffer.from(PAGE_KEY), Buffer.from(UTM_KEY)];
const APART = [PAGE, UTM];

/**
 * Distinct refs in order of first use, and the number of each value's ref among them. What the arrays hold beyond the
 * counts is left over from a visit before: a cut array gives its memory back, and would have to grow again.
 */
class RefNumbering {
  readonly distinct: number[] = [];
  count = 0;
  /** Per value: 0 for none, else the index of its ref in `distinct` + 1. */
  readonly numbers: number[] = [];
  numberCount = 0;
  readonly #index = new Map<number, number>();

  clear(): void {
    this.count = 0;
    this.numberCount = 0;
    if (this.#index.size > 0) this.#index.clear();
  }

  number(ref: number): void {
    this.numbers[this.numberCount++] = ref === NO_EVENT ? 0 : this.#find(ref) + 1;
  }

  /** Most visits have a handful of refs, among which a scan is faster than a map. */
  #find(ref: number): number {
    const { distinct } = this;
    for (let i = 0; i < this.count && i < SCANNED; i += 1) if (distinct[i] === ref) return i;
    if (this.count < SCANNED) return this.#add(ref);
    const found = this.#index.get(ref) ?? this.#add(ref);
    this.#index.set(ref, found);
    return found;
  }

  #add(ref: number): number {
    this.distinct[this.count] = ref;
    return this.count++;
  }
}

const SCANNED = 8;
/** References besides those of the context. */
const SINGLE = GROUPS + NAMED_VALUES.length;
/** One for all visits: a commit writes them one after the other. */
const numbering = new RefNumbering();
const id = new PackedId();
const walk = new ContextWalk();

/** Writes 0 and 16 bytes for a UUID, else length + 1 and UTF-8. */
function writeId(out: ByteWriter, id: PackedId): void {
  if (id.isUuid) {
    out.byte(0);
    out.id(id);
  } else {
    out.varint(Buffer.byteLength(id.text) + 1);
    out.utf8(id.text);
  }
}

const endsEarly = () => new Error('fold state ends too early: the row was changed by another hand');
const varints = new VarintReader();

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    if (this.#at >= this.#bytes.length) throw endsEarly();
    return this.#bytes[this.#at++]!;
  }

  varint(): number {
    varints.at = this.#at;
    const value = varints.count(this.#bytes);
    this.#at = varints.at;
    if (this.#at > this.#bytes.length) throw endsEarly();
    return value;
  }

  sharedText(): string {
    const length = this.varint();
    this.#at += length;
    return types.at(this.#bytes, this.#at - length, this.#at);
  }

  /** Moves over a text. @returns which of these it is; null: none */
  readOneOf(texts: readonly Buffer[]): Buffer | null {
    const length = this.varint();
    const from = this.#at;
    this.#at += length;
    for (let i = 0; i < texts.length; i += 1)
      if (texts[i]!.length === length && this.#isAt(from, texts[i]!)) return texts[i]!;
    return null;
  }

  #isAt(from: number, text: Buffer): boolean {
    let i = 0;
    while (i < text.length && this.#bytes[from + i] === text[i]) i += 1;
    return i === text.length;
  }

  /** @returns an object that the next call fills anew. */
  id(): PackedId {
    const length = this.varint();
    if (length > 0) return id.set(this.#utf8(length - 1));
    id.isUuid = true;
    id.a = this.#word();
    id.b = this.#word();
    id.c = this.#word();
    id.d = this.#word();
    return id;
  }

  #word(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  #utf8(length: number): string {
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }
}
