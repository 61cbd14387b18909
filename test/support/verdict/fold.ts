import type { RawRecord } from '../../../src/ports/record.ts';
import { rulesOf, type Settings } from '../../../src/settings/index.ts';
import { AvroDecoder, UNKNOWN_SCHEMA } from '../../../src/wire/avro.ts';
import { reference, type Step } from '../../reference/reference.ts';
import type { Parts } from '../parts.ts';
import type { ConsoleRecord } from '../read-topic.ts';
import { schemaOf } from '../registry.ts';
import type { Folded } from './views.ts';

/** Long past all that was written: the log's silence after its last record, ms. */
const SILENCE = 3_600_000;

/** What the reference makes of the records of the input topic, partition by partition. */
export async function fold(
  parts: Parts,
  settings: Settings,
  partitions: number,
  input: readonly ConsoleRecord[],
): Promise<Folded[]> {
  const { topic } = settings.input;
  const avro = new AvroDecoder({ keepProperties: settings.events.keepProperties });
  for (const id of new Set(input.map(({ value }) => schemaIdIn(value)))) {
    if (id !== null) avro.addWriter(id, (await schemaOf(parts, id)) ?? UNKNOWN_SCHEMA);
  }
  return Array.from({ length: partitions }, (_, partition) => {
    const own = input.filter((record) => record.partition === partition);
    const steps: Step<RawRecord>[] = own.map((record) => ({ record: avro.decode(record) }));
    // What ended since was anticipated, and the log's next record, whenever it comes, would end the same.
    if (own.length > 0) steps.push({ now: own.at(-1)!.timestamp + SILENCE });
    return { partition, steps, answer: reference(rulesOf(settings), { topic, partition }, steps) };
  });
}

function schemaIdIn(value: Buffer | null): number | null {
  if (value === null || value.length < 5 || value[0] !== 0) return null;
  const id = value.readInt32BE(1);
  return id < 0 ? null : id;
}
