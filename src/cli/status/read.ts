import type pg from 'pg';
import type { Cluster } from '../../kafka/client.ts';
import type { ClusterLink } from '../../kafka/cluster.ts';
import { remedy } from '../../kafka/fatal.ts';
import { isDenied } from '../../kafka/rights/missing-rights.ts';
import { messageOf } from '../../ports/errors.ts';
import type { Settings } from '../../settings/index.ts';
import type { Io } from '../io.ts';
import type { Snapshot } from './pace.ts';

/** Longest wait for the group's coordinator, ms. */
const SOON = 3_000;

/** Reads what Postgres and Kafka know. If Kafka cannot be asked, it reports that once. */
export class StatusReader {
  readonly #client: pg.Client | null;
  readonly #link: ClusterLink;
  readonly #settings: Settings;
  readonly #io: Io;
  #warned = false;
  #isAway = false;

  /** @param client null: Postgres is away */
  constructor(client: pg.Client | null, link: ClusterLink, settings: Settings, io: Io) {
    this.#client = client;
    this.#link = link;
    this.#settings = settings;
    this.#io = io;
  }

  async read(): Promise<Snapshot> {
    const [{ readStatus }, { readTroubles }] = await Promise.all([
      import('../../postgres/status.ts'),
      import('../../postgres/trouble.ts'),
    ]);
    // The state is read first: otherwise a record that is folded in between would be past the end.
    const partitions = await readStatus(this.#client!);
    const troubles = await readTroubles(this.#client!);
    const state = { at: Date.now(), partitions, troubles };
    return { ...state, ...(await this.#bounds()), holders: await this.#holders() };
  }

  /** What the brokers alone know. */
  async readKafka(): Promise<Pick<Snapshot, 'bounds' | 'brokers' | 'holders'>> {
    return { ...(await this.#bounds()), holders: await this.#holders() };
  }

  /** Members of the group and their partitions: where Postgres does not know who has a partition, only the group does. */
  async #holders(): Promise<Snapshot['holders']> {
    const { holdersOf } = await import('../../kafka/group.ts');
    const { input, kafka } = this.#settings;
    try {
      if (this.#isAway) return null;
      return await holdersOf(this.#link, kafka.group, input.topic, SOON);
    } catch {
      return null;
    }
  }

  async #bounds(): Promise<Pick<Snapshot, 'bounds' | 'brokers'>> {
    const { boundsAtHand } = await import('../../kafka/offsets.ts');
    const { topic } = this.#settings.input;
    try {
      const ask = (cluster: Cluster) => boundsAtHand(cluster, topic);
      const bounds = await this.#link.ask(`the ends of ${topic}`, ask);
      this.#isAway = false;
      return { bounds, brokers: 'answer' };
    } catch (error) {
      this.#isAway = remedy(error) === null;
      const where = `Kafka at ${this.#settings.kafka.brokers.join(', ')}`;
      if (!this.#warned)
        this.#io.err(
          `tidemark: ${where} did not tell the ends of ${topic}: ${await this.#why(error)}. Lag is not known\n`,
        );
      this.#warned = true;
      return { bounds: null, brokers: this.#isAway ? 'away' : 'refuse' };
    }
  }

  async #why(error: unknown): Promise<string> {
    if (!isDenied(error)) return [messageOf(error), remedy(error)].filter((part) => part !== null).join(': ');
    const [{ deniedText }, { quietly }] = await Promise.all([import('../rights.ts'), import('../logger.ts')]);
    return await deniedText(error, 'reader', this.#settings, quietly(this.#settings.log, this.#io));
  }

  /**
   * Why the schema of the record at an offset is not known, in a few words; null: it is known, is not needed, or the
   * registry is sure that there is none, which makes the record a dead letter.
   */
  async schemaWait(partition: number, offset: number, end: number): Promise<string | null> {
    const { input } = this.#settings;
    if (input.format !== 'avro') return null;
    const [{ scan }, { schemaIdOfRecord }, { writerSchemasOf }] = await Promise.all([
      import('../../kafka/scan.ts'),
      import('../../wire/avro.ts'),
      import('../writer-schemas.ts'),
    ]);
    const registry = writerSchemasOf(this.#settings);
    const { rows } = await this.#client!.query<{ id: number }>('SELECT id FROM writer_schema WHERE partition = $1', [
      partition,
    ]);
    const known = new Set(rows.map(({ id }) => id));
    for await (const { records } of scan(
      this.#link,
      { topic: input.topic, partition, from: offset, to: end },
      'skip',
    )) {
      // The records of one fetch are folded together: any of them may wait.
      const ids = records.map(schemaIdOfRecord).filter((id) => id !== null && !known.has(id));
      for (const id of new Set(ids)) {
        try {
          await registry.writerSchema(id!);
        } catch (error) {
          return `id ${id}: ${messageOf(error)}`;
        }
      }
      return null;
    }
    return null;
  }
}
