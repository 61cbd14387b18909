import type { PackedId } from '../core/memory/event-ids.ts';
import { SpanCache, TextCache, ValueCache } from './caches.ts';

/** The fields of a row, one after the other, each read by the method of its type. Times in ms since 1970. */
export interface RowReader {
  skip(): void;
  boolean(): boolean;
  integer(): number;
  bigint(): number;
  /** Sets `id` to a UUID. */
  id(id: PackedId): PackedId;
  time(): number;
  optionalBigint(): number | null;
  text(): string;
  optionalText(): string | null;
  /** One that many rows have. */
  sharedText(): string | null;
  /** The texts of as many fields, which many rows have alike. Not to be written to. */
  sharedTexts(count: number): readonly (string | null)[];
  /** What is made of a text that many rows have. Not to be written to. @param spans what was made by `make` before */
  shared<T>(spans: SpanCache<T>, make: (text: string) => T): T;
  bytes(): Buffer;
}

/** A row whose fields are texts, times among them as numbers. */
export class TextRow implements RowReader {
  readonly #fields: readonly (string | null)[];
  #at: number;

  constructor(fields: readonly (string | null)[], from = 0) {
    this.#fields = fields;
    this.#at = from;
  }

  skip(): void {
    this.#at += 1;
  }
  boolean(): boolean {
    return this.text() === 't';
  }
  integer(): number {
    return Number(this.text());
  }
  bigint(): number {
    return Number(this.text());
  }
  id(id: PackedId): PackedId {
    return id.set(this.text());
  }
  time(): number {
    return Number(this.text());
  }
  optionalBigint(): number | null {
    const value = this.sharedText();
    return value === null ? null : Number(value);
  }
  text(): string {
    return this.sharedText()!;
  }
  optionalText(): string | null {
    return this.sharedText();
  }
  sharedText(): string | null {
    return this.#fields[this.#at++]!;
  }
  sharedTexts(count: number): readonly (string | null)[] {
    const found = this.#fields.slice(this.#at, this.#at + count);
    this.#at += count;
    // NUL is in no text that Postgres holds.
    const key = found.map((text) => (text === null ? '\0' : `${text}\0\0`)).join('');
    return arrays.get(key, () => found);
  }
  shared<T>(_: SpanCache<T>, make: (text: string) => T): T {
    return make(this.text());
  }
  bytes(): Buffer {
    return Buffer.from(this.text().slice('\\x'.length), 'hex');
  }
}

const NULL = -1;
const NOTHING: Buffer = Buffer.alloc(0);
/** Signature, flags, length of a header extension that there never is. */
const HEADER = 19;
/** Microseconds since 2000, which is how Postgres holds a time. */
const POSTGRES_EPOCH = Date.UTC(2000, 0, 1);
const texts = new TextCache();
const arrays = new ValueCache<readonly (string | null)[]>();
const fields = new SpanCache<readonly (string | null)[]>();

/**
 * Rows of a `COPY … TO STDOUT (FORMAT binary)`. Reading them costs a third of what texts do: most fields make no object.
 */
export class BinaryRows implements RowReader {
  #buffer = NOTHING;
  /** The same bytes as a view. */
  readonly #bytes = { view: new DataView(NOTHING.buffer), base: NOTHING.byteOffset };
  #at = 0;
  #begun = false;

  /** @param data of one CopyData message, which holds a whole row, before the first of them the header as well */
  read(data: Buffer, each: (row: RowReader) => void): void {
    this.#buffer = data;
    const bytes = this.#bytes;
    bytes.base = data.byteOffset;
    // Rows lie side by side in what was received: making a view takes longer than looking for a span.
    if (data.buffer !== bytes.view.buffer) bytes.view = new DataView(data.buffer);
    this.#at = this.#begun ? 0 : HEADER;
    this.#begun = true;
    while (this.#at < data.length) {
      this.#at += 2;
      if (data.readInt16BE(this.#at - 2) === NULL) return;
      each(this);
    }
  }

  skip(): void {
    const length = this.#length();
    if (length > 0) this.#at += length;
  }
  boolean(): boolean {
    this.#at += 5;
    return this.#buffer[this.#at - 1] === 1;
  }
  integer(): number {
    this.#at += 8;
    return this.#int32(this.#at - 4);
  }
  bigint(): number {
    this.#at += 12;
    return this.#int64(this.#at - 8);
  }
  id(id: PackedId): PackedId {
    this.#at += 20;
    const from = this.#at - 16;
    return id.setUuid(this.#int32(from), this.#int32(from + 4), this.#int32(from + 8), this.#int32(from + 12));
  }
  time(): number {
    this.#at += 12;
    return this.#timeAt(this.#at - 8);
  }
  optionalBigint(): number | null {
    if (this.#length() === NULL) return null;
    this.#at += 8;
    return this.#int64(this.#at - 8);
  }
  text(): string {
    const length = this.#length();
    this.#at += length;
    return this.#buffer.toString('utf8', this.#at - length, this.#at);
  }
  optionalText(): string | null {
    const length = this.#length();
    if (length === NULL) return null;
    this.#at += length;
    return this.#buffer.toString('utf8', this.#at - length, this.#at);
  }
  sharedText(): string | null {
    const length = this.#length();
    if (length === NULL) return null;
    this.#at += length;
    return texts.at(this.#buffer, this.#at - length, this.#at);
  }
  sharedTexts(count: number): readonly (string | null)[] {
    const from = this.#at;
    for (let i = 0; i < count; i += 1) this.skip();
    const to = this.#at;
    return fields.at(this.#bytes, from, to - from, count, () => {
      this.#at = from;
      const found = Array.from({ length: count }, () => this.sharedText());
      this.#at = to;
      return found;
    });
  }
  shared<T>(spans: SpanCache<T>, make: (text: string) => T): T {
    const length = this.#length();
    this.#at += length;
    const from = this.#at - length;
    return spans.at(this.#bytes, from, length, 0, () => make(this.#buffer.toString('utf8', from, from + length)));
  }
  /** Valid as long as the message is. */
  bytes(): Buffer {
    const length = this.#length();
    this.#at += length;
    return this.#buffer.subarray(this.#at - length, this.#at);
  }

  #length(): number {
    this.#at += 4;
    return this.#int32(this.#at - 4);
  }

  #int32(at: number): number {
    const buffer = this.#buffer;
    return (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
  }

  #int64(at: number): number {
    return this.#int32(at) * 2 ** 32 + (this.#int32(at + 4) >>> 0);
  }

  #timeAt(at: number): number {
    const micros = this.#int64(at);
    if (Number.isSafeInteger(micros)) return micros / 1000 + POSTGRES_EPOCH;
    return Number(this.#buffer.readBigInt64BE(at) / 1000n) + POSTGRES_EPOCH;
  }
}
