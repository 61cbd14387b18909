import type { PackedId } from '../core/memory/event-ids.ts';
import { JSONB_VERSION } from './arrays.ts';
import { type Blocks, RowWriter } from './blocks.ts';
import type { ByteWriter } from './bytes.ts';

export type CopyData = ReturnType<RowWriter['finish']>;

/**
 * Rows for `COPY … FROM STDIN (FORMAT binary)`. Fields are written in the order of the columns; a null is written by
 * the method of its type. A row with another number of fields than columns throws, here and not in Postgres.
 */
export class CopyRows {
  readonly #columns: number;
  readonly #blocks: Blocks;
  #out!: RowWriter;
  #left = 0;
  #rows = 0;

  constructor(columns: number, blocks: Blocks) {
    this.#columns = columns;
    this.#blocks = blocks;
  }

  get count(): number {
    return this.#rows;
  }

  row(): void {
    if (this.#rows === 0) {
      this.#out = new RowWriter(this.#blocks);
      this.#out.raw(SIGNATURE);
    }
    this.#complete();
    this.#out.begin();
    this.#rows += 1;
    this.#left = this.#columns;
    this.#out.int16(this.#columns);
  }

  int(value: number): void {
    this.#field(4);
    this.#out.int32(value);
  }

  bigint(value: number | null): void {
    if (value === null) {
      this.#field(NULL);
      return;
    }
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
    if (!this.#out.uuid(value)) throw new Error(`${value} is no UUID in canonical form`);
  }

  /** @param id a UUID. */
  id(id: PackedId): void {
    this.#field(16);
    if (!this.#out.id(id)) throw new Error(`${id.text} is no UUID in canonical form`);
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

  /** What `write` writes is the field's value; null where it returns false, whatever it wrote. */
  field(write: (out: ByteWriter) => boolean): void {
    this.#left -= 1;
    const hole = this.#out.hole();
    if (write(this.#out)) this.#out.patch(hole);
    else this.#null(hole);
  }

  /** So many fields, as `textFields` encodes them. */
  encoded(fields: number, bytes: Uint8Array): void {
    this.#left -= fields;
    this.#out.raw(bytes);
  }

  /** The whole of the copy's data, where there is a row. Nothing may be written after. */
  finish(): CopyData {
    this.#complete();
    this.#out.int16(-1);
    return this.#out.finish();
  }

  #null(hole: number): void {
    this.#out.cut(hole);
    this.#out.int32(NULL);
  }

  #field(length: number): void {
    this.#left -= 1;
    this.#out.int32(length);
  }

  #complete(): void {
    if (this.#left !== 0) throw new Error(`row ${this.#rows} of a COPY has ${this.#columns - this.#left} fields`);
  }
}

const NULL = -1;
/** Signature, no flags, no header extension. */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
