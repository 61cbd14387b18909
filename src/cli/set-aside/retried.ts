import { messageOf } from '../../ports/errors.ts';
import type { SetAsideRecord } from '../../set-aside/record.ts';
import type { Settings } from '../../settings/index.ts';
import { onDatabase } from '../database.ts';
import type { Io } from '../io.ts';
import { utc } from '../words.ts';

/**
 * What became of each: when it was sent again, or that this is not known. null where Postgres cannot be asked, which is
 * reported: what is in Kafka can be listed without it.
 */
export async function retriedOf(
  records: readonly SetAsideRecord[],
  settings: Settings,
  io: Io,
): Promise<ReadonlyMap<SetAsideRecord, string> | null> {
  const { keyOf, sentAt } = await import('../../postgres/retried.ts');
  const known = records.filter(({ source }) => source?.topic === settings.input.topic);
  try {
    const sources = known.map(({ source }) => source!);
    const sent = await onDatabase(settings, 'tidemark dead-letter', (client) => sentAt(client, sources));
    return new Map(
      known.flatMap((record) => {
        const at = sent.get(keyOf(record.source!));
        return at === undefined ? [] : [[record, at === null ? 'not known' : utc(at)] as const];
      }),
    );
  } catch (error) {
    io.err(`tidemark: which of them were retried is not known: ${messageOf(error)}\n`);
    return null;
  }
}
