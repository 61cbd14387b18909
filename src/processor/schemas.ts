import type { Logger } from 'pino';
import { messageOf } from './errors.ts';
import type { Observer } from './observer.ts';
import type { Clock, RawRecord } from './ports.ts';
import { backoff } from './waiting.ts';

/** Where writer schemas are asked for. */
export interface Registry {
  /**
   * The schema of an id, as JSON text; null if the registry is certain not to know it: it still knows our own.
   * @throws while it cannot be told.
   */
  writerSchema(id: number): Promise<string | null>;
}

/** What decodes by writer schemas. */
export interface SchemaReader {
  /** The registry's id that a value names; null where there is none to learn. */
  schemaIdOf(value: Buffer | null): number | null;
  knows(id: number): boolean;
  add(id: number, schema: string): void;
  /** Records of this id are `undecodable` until a schema is added: the registry knows no such id. */
  addUnknown(id: number): void;
}

/** An id that the registry did not know may be one that it was not told yet: it is asked again after this, ms. */
const ASK_AGAIN = 10_000;

/**
 * The writer schemas that records name.
 *
 * Invariant: a schema that decoded a record is in the store with the commit that first holds such a record, so that a
 * replay decodes it the same whatever the registry says by then.
 */
export class WriterSchemas {
  private readonly reader: SchemaReader;
  private readonly registry: Registry;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly observer: Observer;
  private readonly unkept = new Map<number, string>();
  /** Ids that the registry did not know, and when it said so. */
  private readonly unknown = new Map<number, number>();
  private readonly asked = new Map<number, Promise<void>>();

  constructor(
    reader: SchemaReader,
    registry: Registry,
    parts: { readonly clock: Clock; readonly logger: Logger; readonly observer: Observer },
  ) {
    this.reader = reader;
    this.registry = registry;
    this.clock = parts.clock;
    this.logger = parts.logger;
    this.observer = parts.observer;
  }

  /** What the store keeps is known from now on. */
  kept(schemas: ReadonlyMap<number, string>): void {
    for (const [id, schema] of schemas) {
      if (!this.reader.knows(id) || this.unknown.delete(id)) this.reader.add(id, schema);
      this.unkept.delete(id);
    }
  }

  /** Asks for what these records name and is not known. Waits, and says so, while the registry cannot tell. */
  async learn(records: readonly RawRecord[], isEnding: () => boolean): Promise<void> {
    for (const { value } of records) {
      const id = this.reader.schemaIdOf(value);
      if (id === null || (this.reader.knows(id) && !this.isToAskAgain(id))) continue;
      let asked = this.asked.get(id);
      if (asked === undefined) {
        asked = this.ask(id, isEnding).finally(() => this.asked.delete(id));
        this.asked.set(id, asked);
      }
      await asked;
      if (isEnding()) return;
    }
  }

  private isToAskAgain(id: number): boolean {
    const since = this.unknown.get(id);
    return since !== undefined && this.clock.now() - since >= ASK_AGAIN;
  }

  private async ask(id: number, isEnding: () => boolean): Promise<void> {
    for (let attempt = 1; !isEnding(); attempt++) {
      try {
        const schema = await this.registry.writerSchema(id);
        if (schema === null) {
          this.reader.addUnknown(id);
          this.unknown.set(id, this.clock.now());
        } else {
          this.reader.add(id, schema);
          this.unknown.delete(id);
          this.unkept.set(id, schema);
        }
        return;
      } catch (error) {
        this.observer.failed('registry');
        this.logger.warn(
          { schemaId: id, err: messageOf(error) },
          'waiting for the schema registry: records of this schema cannot be decoded before it answers',
        );
        await this.clock.sleep(backoff(attempt));
      }
    }
  }

  /** What the next commit has to keep. */
  toKeep(): { id: number; schema: string }[] {
    return [...this.unkept].map(([id, schema]) => ({ id, schema }));
  }

  areKept(schemas: readonly { readonly id: number }[]): void {
    for (const { id } of schemas) this.unkept.delete(id);
  }
}
