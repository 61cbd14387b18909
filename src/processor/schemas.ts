import type { Logger } from 'pino';
import { messageOf } from '../ports/errors.ts';
import type { Observer } from '../ports/observer.ts';
import type { RawRecord } from '../ports/record.ts';
import type { UsedSchema } from '../ports/store.ts';
import type { Clock } from '../time/clock.ts';
import { Outage } from '../time/outage.ts';
import { backoff } from '../time/waiting.ts';

/** Answers which writer schema has an id. */
export interface SchemaSource {
  /**
   * The schema of an id, as JSON text; null if the registry is certain not to know it: it still knows our own.
   * @throws while it cannot answer.
   */
  writerSchema(id: number): Promise<string | null>;
}

/** Decodes by writer schemas. */
export interface SchemaReader {
  /** The registry's id that a record's value names; null where there is none to learn. */
  schemaIdOf(record: RawRecord): number | null;
  add(id: number, schema: string): void;
  /** Records of this id are `undecodable` until a schema is added: the registry knows no such id. */
  addUnknown(id: number): void;
  /** Undoes what either was called with for this id. */
  forget(id: number): void;
}

/** A schema may be registered after records that name it were written: an unknown id is asked for again after this, ms. */
const ASK_AGAIN = 10_000;
/**
 * Bound on the unknown ids that are remembered: a producer may make up one for each record. It is far more than the records
 * of all partitions that are decoded at once may name, so that none of theirs is dropped before it is used.
 */
const MOST_UNKNOWN = 200_000;

/** The writer schemas that this process knows, for all partitions. */
export class WriterSchemas {
  private readonly reader: SchemaReader;
  private readonly registry: SchemaSource;
  private readonly parts: { readonly clock: Clock; readonly logger: Logger; readonly observer: Observer };
  private readonly known = new Map<number, string>();
  /** By id, oldest first: since when the registry is known not to know it, ms. */
  private readonly unknown = new Map<number, number>();
  private readonly asking = new Map<number, Promise<void>>();
  /** Why the registry did not answer when it was asked last; null: it did. */
  trouble: string | null = null;

  constructor(
    reader: SchemaReader,
    registry: SchemaSource,
    parts: { readonly clock: Clock; readonly logger: Logger; readonly observer: Observer },
  ) {
    this.reader = reader;
    this.registry = registry;
    this.parts = parts;
  }

  schemaIdOf(record: RawRecord): number | null {
    return this.reader.schemaIdOf(record);
  }

  add(id: number, schema: string): void {
    if (this.known.has(id)) return;
    this.unknown.delete(id);
    this.known.set(id, schema);
    this.reader.add(id, schema);
  }

  /** The schema of an id; null: the registry does not know it. undefined: it has to be asked. */
  get(id: number): string | null | undefined {
    const since = this.unknown.get(id);
    if (since === undefined) return this.known.get(id);
    return this.parts.clock.elapsed() - since < ASK_AGAIN ? null : undefined;
  }

  private addUnknown(id: number): void {
    this.unknown.delete(id);
    this.unknown.set(id, this.parts.clock.elapsed());
    this.reader.addUnknown(id);
    if (this.unknown.size <= MOST_UNKNOWN) return;
    const [oldest] = this.unknown.keys();
    this.unknown.delete(oldest!);
    this.reader.forget(oldest!);
  }

  /** Asks the registry. Waits, and logs that, while it does not answer. */
  async ask(id: number, isEnding: () => boolean): Promise<void> {
    let asking = this.asking.get(id);
    if (asking === undefined) {
      asking = this.keepAsking(id, isEnding).finally(() => this.asking.delete(id));
      this.asking.set(id, asking);
    }
    await asking;
  }

  private async keepAsking(id: number, isEnding: () => boolean): Promise<void> {
    const { clock, logger, observer } = this.parts;
    const outage = new Outage(clock, logger);
    for (let attempt = 1; !isEnding(); attempt++) {
      try {
        const schema = await this.registry.writerSchema(id);
        if (schema !== null) {
          this.add(id, schema);
        } else {
          this.addUnknown(id);
        }
        this.trouble = null;
        outage.over('the schema registry answers again', { schemaId: id });
        return;
      } catch (error) {
        observer.failed('registry');
        this.trouble = messageOf(error);
        outage.failed(
          { schemaId: id, err: this.trouble },
          'waiting for the schema registry: records of this schema cannot be decoded before it answers',
        );
        await clock.sleep(backoff(attempt));
      }
    }
  }
}

/**
 * The writer schemas that one partition's records name.
 *
 * Invariant: a schema that decoded a record of a partition is in the store, for that partition, with the offset from
 * which it did, by the commit that first holds such a record. So a replay can decode the same records, and refuse the
 * same that came before the registry knew their schema, even where the registry answers otherwise by then.
 */
export class UsedSchemas {
  private readonly schemas: WriterSchemas;
  private readonly inStore: Set<number>;
  private readonly notInStore = new Map<number, UsedSchema>();
  /** An id that is in either: most records name the same as the record before. */
  private last = -1;

  /** @param inStore what the store has for the partition. */
  constructor(schemas: WriterSchemas, inStore: ReadonlyMap<number, string>) {
    this.schemas = schemas;
    this.inStore = new Set(inStore.keys());
    for (const [id, schema] of inStore) schemas.add(id, schema);
  }

  /** Whether the record can be decoded as it is; if not, `learn` comes first. */
  isKnown(record: RawRecord): boolean {
    const id = this.schemas.schemaIdOf(record);
    if (id === null || id === this.last) return true;
    if (!this.inStore.has(id) && !this.notInStore.has(id)) return false;
    this.last = id;
    return true;
  }

  /** Makes these records decodable, or waits until they are. */
  async learn(records: readonly RawRecord[], isEnding: () => boolean): Promise<void> {
    for (const record of records) {
      if (this.isKnown(record)) continue;
      const id = this.schemas.schemaIdOf(record)!;
      while (this.schemas.get(id) === undefined && !isEnding()) await this.schemas.ask(id, isEnding);
      const schema = this.schemas.get(id);
      if (schema != null) this.notInStore.set(id, { id, schema, fromOffset: record.offset });
    }
  }

  /** The schemas that the next commit has to store. */
  toStore(): UsedSchema[] {
    return [...this.notInStore.values()];
  }

  stored(schemas: readonly { readonly id: number }[]): void {
    for (const { id } of schemas) {
      this.notInStore.delete(id);
      this.inStore.add(id);
    }
  }
}
