import { connect, DatabaseUnreachable } from '../../postgres/connect.ts';
import { type Meta, readMeta, writeMeta } from '../../postgres/meta.ts';
import { ensureDatabase, migrate, pendingMigrations } from '../../postgres/migrate.ts';
import { ensureReaderRole } from '../../postgres/reader-role.ts';
import { assertServer } from '../../postgres/server.ts';
import { readStatus } from '../../postgres/status.ts';
import { targetOf } from '../../postgres/target.ts';
import {
  type Difference,
  decidingDifferences,
  decidingSettings,
  explainDifferences,
  type Settings,
} from '../../settings/index.ts';
import type { Finding } from './finding.ts';

type Kept = Parameters<typeof decidingDifferences>[0];

/** Database, schema, tables, views and the role that may read them. */
export async function setUpDatabase({ database }: Settings, check: boolean): Promise<Finding[]> {
  const name = targetOf(database).database;
  const findings: Finding[] = [];
  if (check) {
    if (await isMissing(() => pendingMigrations(database))) return [{ state: 'missing', what: `database ${name}` }];
  } else {
    const made = await ensureDatabase(database);
    findings.push({ state: made ? 'made' : 'exists', what: `database ${name}` });
  }
  const client = await connect(database, 'tidemark setup');
  try {
    await assertServer(client);
  } finally {
    await client.end();
  }

  const tables = `tables and views in schema ${database.schema}`;
  const applied = check ? await pendingMigrations(database) : await migrate(database);
  if (applied.length === 0) findings.push({ state: 'exists', what: tables });
  else findings.push({ state: check ? 'missing' : 'made', what: tables, detail: applied.join(', ') });
  if (check && applied.length > 0) return findings;

  const { role, changed, sql } = await ensureReaderRole(database, check);
  const what = `role ${role}, which reads the views`;
  if (changed) findings.push({ state: 'made', what });
  else if (sql === null) findings.push({ state: 'exists', what });
  else if (check) findings.push({ state: 'missing', what });
  else findings.push({ state: 'missing', what, detail: `we may not make it; an administrator may, with\n${sql}` });
  return findings;
}

/**
 * What the state is folded from, and under which deciding settings. Free to change until the first record is folded;
 * from then on only the schema id follows.
 */
export async function setUpMeta(
  settings: Settings,
  { partitions, outputSchemaId }: Pick<Meta, 'partitions' | 'outputSchemaId'>,
  check: boolean,
): Promise<Finding> {
  const what = 'settings that decide, kept with the state';
  const client = await connect(settings.database, 'tidemark setup');
  try {
    const kept = await readMeta(client);
    const wanted = {
      inputTopic: settings.input.topic,
      partitions,
      settings: decidingSettings(settings),
      outputSchemaId,
    };
    if (kept === null) {
      if (!check) await writeMeta(client, wanted);
      return { state: check ? 'missing' : 'made', what };
    }
    const differences = decidingDifferences(kept.settings as Kept, settings);
    const started = (await readStatus(client)).some((partition) => partition.started);
    if (started && differences.length > 0) return { state: 'differs', what, detail: explainDifferences(differences) };
    if (started && kept.partitions !== partitions) {
      return {
        state: 'differs',
        what,
        detail: `${settings.input.topic} had ${kept.partitions} partitions, now ${partitions}`,
      };
    }
    const changes = [
      ...differences.map(changeOf),
      ...(kept.partitions === partitions ? [] : [`${partitions} partitions`]),
      ...(kept.outputSchemaId === outputSchemaId ? [] : [`schema id ${outputSchemaId}`]),
    ];
    if (changes.length === 0) return { state: 'exists', what };
    if (!check) await writeMeta(client, wanted);
    return { state: check ? 'missing' : 'made', what, detail: changes.join(', ') };
  } finally {
    await client.end();
  }
}

function changeOf({ key, kept, now }: Difference): string {
  return `${key} ${kept} → ${now ?? 'unknown'}`;
}

async function isMissing(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return false;
  } catch (error) {
    if (!(error instanceof DatabaseUnreachable) || (error.cause as { code?: string }).code !== '3D000') throw error;
    return true;
  }
}
