import { ByteWriter, isCanonicalUuid } from './bytes.ts';

/**
 * Rows for `COPY … FROM STDIN (FORMAT binary)`. Fields are written in the order of the columns; a null is written by
 * the method of its type. A row with another number of fields than columns throws, here and not in Postgres.
 */
export class CopyRows {
  readonly #out: ByteWriter;
  readonly #columns: number;
  #left = 0;
  #rows = 0;

  constructor(columns: number) {
    this.#columns = columns;
    this.#out = new ByteWriter(2048);
    this.#out.raw(SIGNATURE);
  }

  get count(): number {
    return this.#rows;
  }

  row(): void {
    this.#complete();
    this.#rows += 1;
    this.#left = this.#columns;
    this.#out.int16(this.#columns);
  }

  int(value: number): void {
    this.#field(4);
    this.#out.int32(value);
  }

  bigint(value: number): void {
    this.#field(8);
    this.#out.int64(value);
  }

  boolean(value: boolean): void {
    this.#field(1);
    this.#out.byte(value ? 1 : 0);
  }

  /** @param ms since 1970 */
  time(ms: number | null): void {
    if (ms === null) {
      this.#field(NULL);
      return;
    }
    this.#field(8);
    this.#out.time(ms);
  }

  uuid(value: string | null): void {
    if (value === null) {
      this.#field(NULL);
      return;
    }
    this.#field(16);
    this.#out.uuid(value);
  }

  /** Also `json`, which is sent as its text. */
  text(value: string | null): void {
    if (value === null) {
      this.#field(NULL);
      return;
    }
    this.#left -= 1;
    const hole = this.#out.hole();
    this.#out.utf8(value);
    this.#out.patch(hole);
  }

  /** @param value JSON text */
  jsonb(value: string | null): void {
    if (value === null) {
      this.#field(NULL);
      return;
    }
    this.#left -= 1;
    const hole = this.#out.hole();
    this.#out.byte(JSONB_VERSION);
    this.#out.utf8(value);
    this.#out.patch(hole);
  }

  /** What `write` writes is the field's value. */
  bytea(write: (out: ByteWriter) => void): void {
    this.#left -= 1;
    const hole = this.#out.hole();
    write(this.#out);
    this.#out.patch(hole);
  }

  /** An array of one dimension; null where `values` is. */
  array<T>(type: ElementType<T>, values: readonly (T | null)[] | null): void {
    if (values === null) {
      this.#field(NULL);
      return;
    }
    this.#left -= 1;
    const hole = this.#out.hole();
    writeArray(this.#out, type, values);
    this.#out.patch(hole);
  }

  /** The whole of the copy's data. Nothing may be written after. */
  finish(): Buffer {
    this.#complete();
    this.#out.int16(-1);
    return this.#out.bytes();
  }

  #field(length: number): void {
    this.#left -= 1;
    this.#out.int32(length);
  }

  #complete(): void {
    if (this.#left !== 0) throw new Error(`row ${this.#rows} of a COPY has ${this.#columns - this.#left} fields`);
  }
}

/** How Postgres holds an element of an array. */
interface ElementType<T> {
  readonly oid: number;
  readonly write: (out: ByteWriter, value: T) => void;
}

export const UUID: ElementType<string> = { oid: 2950, write: (out, value) => out.uuid(value) };
export const TEXT: ElementType<string> = { oid: 25, write: (out, value) => void out.utf8(value) };
export const TIME: ElementType<number> = { oid: 1184, write: (out, ms) => out.time(ms) };
export const JSONB: ElementType<string> = {
  oid: 3802,
  write: (out, value) => {
    out.byte(JSONB_VERSION);
    out.utf8(value);
  },
};

/** An array as a binary parameter of a statement. */
export function arrayParameter<T>(type: ElementType<T>, values: readonly (T | null)[]): Buffer {
  const out = new ByteWriter(32 + values.length * 20);
  writeArray(out, type, values);
  return out.bytes();
}

/** Event ids as two arrays side by side: those that are UUIDs in canonical form take 16 bytes, not 40. */
export function splitIds(ids: readonly string[]): { uuids: (string | null)[] | null; texts: (string | null)[] | null } {
  const canonical = ids.map(isCanonicalUuid);
  return {
    uuids: canonical.includes(true) ? ids.map((id, i) => (canonical[i] ? id : null)) : null,
    texts: canonical.includes(false) ? ids.map((id, i) => (canonical[i] ? null : id)) : null,
  };
}

function writeArray<T>(out: ByteWriter, type: ElementType<T>, values: readonly (T | null)[]): void {
  out.int32(values.length === 0 ? 0 : 1);
  out.int32(values.includes(null) ? 1 : 0);
  out.int32(type.oid);
  if (values.length === 0) return;
  out.int32(values.length);
  out.int32(1);
  for (const value of values) {
    if (value === null) {
      out.int32(NULL);
      continue;
    }
    const hole = out.hole();
    type.write(out, value);
    out.patch(hole);
  }
}

const NULL = -1;
const JSONB_VERSION = 1;
/** Signature, no flags, no header extension. */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
