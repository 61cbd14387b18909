import pg from 'pg';
import type { Admin } from '../kafka/client.ts';
import { messageOf } from '../ports/errors.ts';
import { connectPlain } from '../postgres/connect.ts';
import type { Settings } from '../settings/index.ts';
import { wallClock } from '../time/clock.ts';
import { Registry, subjectOf } from '../wire/registry.ts';

/** The names of this run's own in the user's cluster and database. */
export function namesOf({ kafka, database, input, output, deadLetter, late }: Settings) {
  return {
    topics: [input.topic, output.topic, deadLetter.topic, late.topic],
    groups: [kafka.group, `${kafka.group}.outbox`, viewerGroup(kafka.group)],
    subjects: [subjectOf(input.topic), subjectOf(output.topic)],
    schema: database.schema,
    role: `${database.schema}_reader`,
  };
}

export function viewerGroup(group: string): string {
  return `${group}.viewer`;
}

/**
 * Removes all of them that exist; a failure does not stop it from removing the rest.
 * @returns what could not be removed, and why.
 */
export async function removeAll(settings: Settings, connectAdmin: () => Promise<Admin>): Promise<string[]> {
  const { topics, groups, subjects, schema, role } = namesOf(settings);
  const left: string[] = [];
  const attempt = async (what: string, action: () => Promise<void>) => {
    try {
      await action();
    } catch (error) {
      left.push(`${what}: ${messageOf(error)}`);
    }
  };
  await attempt(`topics ${topics.join(', ')}; groups ${groups.join(', ')}`, async () => {
    const admin = await connectAdmin();
    try {
      await attempt(`groups ${groups.join(', ')}`, () => removeGroups(admin, groups));
      await attempt(`topics ${topics.join(', ')}`, () => removeTopics(admin, topics));
    } finally {
      await admin.disconnect();
    }
  });
  const registry = new Registry(settings.registry);
  for (const subject of subjects) await attempt(`subject ${subject}`, () => registry.remove(subject));
  await attempt(`schema ${schema} and role ${role}`, async () => {
    const client = await connectPlain(settings.database, 'tidemark demo');
    try {
      await client.query(`DROP SCHEMA IF EXISTS ${pg.escapeIdentifier(schema)} CASCADE`);
      const { rows } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
      if (rows.length > 0) await client.query(`DROP ROLE ${pg.escapeIdentifier(role)}`);
    } finally {
      await client.end();
    }
  });
  return left;
}

async function removeTopics(admin: Admin, names: readonly string[]): Promise<void> {
  const all = new Set(await admin.listTopics());
  const topics = names.filter((name) => all.has(name));
  if (topics.length > 0) await admin.deleteTopics({ topics });
}

/** A member that has just left may still be counted for a moment. */
async function removeGroups(admin: Admin, names: readonly string[]): Promise<void> {
  for (let tries = 1; ; tries++) {
    const all = new Set((await admin.listGroups()).groups.map(({ groupId }) => groupId));
    const groups = names.filter((name) => all.has(name));
    if (groups.length === 0) return;
    try {
      await admin.deleteGroups(groups);
      return;
    } catch (error) {
      if (tries === 10) throw error;
      await wallClock.sleep(500);
    }
  }
}
