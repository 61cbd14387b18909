import { connect, connectPlain } from '../../postgres/connect.ts';
import { INSUFFICIENT_PRIVILEGE, MayNot } from '../../postgres/may-not.ts';
import { type Meta, readMeta, writeMeta } from '../../postgres/meta.ts';
import { ensureDatabase, isMissingDatabase, migrate, pendingMigrations } from '../../postgres/migrate.ts';
import { readConnectedOwners } from '../../postgres/owner.ts';
import { ensureReaderRole } from '../../postgres/reader-role.ts';
import { assertServer } from '../../postgres/server.ts';
import { readStatus } from '../../postgres/status.ts';
import { targetOf } from '../../postgres/target.ts';
import {
  decidingDifferences,
  decidingSettings,
  explainDifferences,
  type SettingDifference,
  type Settings,
} from '../../settings/index.ts';
import type { Finding } from './finding.ts';

type Kept = Parameters<typeof decidingDifferences>[0];

/** Makes database, schema, tables, views and the role that reads them. An administrator has to make what this role may not. */
export async function setUpDatabase({ database }: Settings, check: boolean): Promise<Finding[]> {
  const findings: Finding[] = [];
  const [name, tables] = [`database ${targetOf(database).database}`, `tables and views in schema ${database.schema}`];
  const there = await addFinding(name, findings, async () => {
    if (check) return { state: (await isThere(database)) ? 'exists' : 'missing', what: name };
    return { state: (await ensureDatabase(database)) ? 'made' : 'exists', what: name };
  });
  if (!there) return findings;
  const client = await connect(database, 'tidemark setup');
  try {
    await assertServer(client);
  } finally {
    await client.end();
  }
  const upToDate = await addFinding(tables, findings, async () => {
    const pending = await pendingMigrations(database);
    if (pending.length === 0) return { state: 'exists', what: tables };
    const instances = await connected(database, check);
    const applied = check ? pending : await migrate(database);
    return { state: check ? 'missing' : 'made', what: tables, detail: `${applied.join(', ')}${instances}` };
  });
  // Views come with the tables: without them a reader has nothing to read.
  if (upToDate || check) findings.push(await reader(database, check));
  return findings;
}

/** Instances that fold with the tables that they found at their start, and what to do with them; empty: there are none. */
async function connected(database: Settings['database'], check: boolean): Promise<string> {
  const client = await connect(database, 'tidemark setup');
  try {
    const owners = await readConnectedOwners(client);
    if (owners.length === 0) return '';
    const before = check ? 'stop them before this is made' : 'stop them now: they do not look again';
    return `\nconnected instances of the version before: ${owners.join(', ')}: ${before}`;
  } catch (error) {
    // A role that may not read the tables may not change them either: the attempt to will fail with the reason.
    if ((error as { code?: string }).code !== INSUFFICIENT_PRIVILEGE) throw error;
    return '';
  } finally {
    await client.end();
  }
}

/** Adds the finding of one thing. @returns whether it is there. */
async function addFinding(what: string, findings: Finding[], look: () => Promise<Finding>): Promise<boolean> {
  try {
    const found = await look();
    findings.push(found);
    return found.state !== 'missing';
  } catch (error) {
    if (!(error instanceof MayNot)) throw error;
    findings.push({ ...missing(what), detail: `we may not make it: ${error.message}` });
    return false;
  }
}

async function reader(database: Settings['database'], check: boolean): Promise<Finding> {
  const { role, changed, sql, mayNot } = await ensureReaderRole(database, check);
  const what = `role ${role}, which reads the views`;
  if (changed) return { state: 'made', what };
  if (sql === null) return { state: 'exists', what };
  if (!mayNot) return missing(what);
  return { ...missing(what), detail: `we may not make it; an administrator may, with\n${sql}` };
}

function missing(what: string): Finding {
  return { state: 'missing', what };
}

/**
 * Writes what the state is folded from, and under which deciding settings. They may change until the first record is folded;
 * from then on only the schema id is updated.
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

function changeOf({ key, kept, now }: SettingDifference): string {
  return `${key} ${kept} → ${now ?? 'unknown'}`;
}

async function isThere(database: Settings['database']): Promise<boolean> {
  try {
    await (await connectPlain(database, 'tidemark setup')).end();
    return true;
  } catch (error) {
    if (!isMissingDatabase(error)) throw error;
    return false;
  }
}
