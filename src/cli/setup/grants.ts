import { InvalidArgumentError } from 'commander';
import { type AclOptions, aclCommands } from '../../kafka/rights/acl-command.ts';
import { type Right, rightsFor, USES, type Use } from '../../kafka/rights/declaration.ts';
import { ANONYMOUS, principalOf } from '../../kafka/rights/principal.ts';
import { readerRoleOf, sqlGrants } from '../../postgres/grants.ts';
import { targetOf } from '../../postgres/target.ts';
import type { Settings } from '../../settings/index.ts';

export interface GrantOptions {
  /** The uses that grants are for; all unless given. */
  readonly for?: readonly Use[];
  /** Names at the brokers, by use, or one for all. */
  readonly as?: readonly Name[];
  /** Roles in Postgres, in the same way. */
  readonly role?: readonly Name[];
  readonly consumerGroup?: string;
}

interface Name {
  /** null: all. */
  readonly use: Use | null;
  readonly name: string;
}

/** What one use needs. */
export interface Grants {
  readonly use: Use;
  /** Its name at the brokers. */
  readonly principal: string;
  readonly kafka: readonly Right[];
  /** Command lines that grant them. */
  readonly acls: readonly string[];
  /** What it needs in Postgres; null: nothing. */
  readonly postgres: { readonly role: string; readonly sql: readonly string[] } | null;
}

/** Names at the brokers, where neither an option nor the login of this process has another. */
export const DEFAULT_NAMES: Readonly<Record<Use, string>> = {
  setup: 'tidemark-setup',
  run: 'tidemark',
  retry: 'tidemark-retry',
  simulate: 'tidemark-simulate',
  reader: 'reader',
  producer: 'producer',
  consumer: 'consumer',
};

/** The grants that are needed with these settings; it connects to nothing. */
export function grantsOf(settings: Settings, options: GrantOptions): Grants[] {
  const postgres = sqlOf(settings, options.role ?? []);
  return (options.for ?? USES).map((use) => {
    const kafka = rightsFor(use, settings, options.consumerGroup);
    const principal = principalFor(use, settings, options.as ?? []);
    const acl: AclOptions = { brokers: settings.kafka.brokers, principal };
    return { use, principal, kafka, acls: aclCommands(kafka, acl), postgres: postgres.get(use) ?? null };
  });
}

function principalFor(use: Use, settings: Settings, given: readonly Name[]): string {
  const found = nameFor(use, given);
  if (found !== null) return found.includes(':') ? found : `User:${found}`;
  const own = use === 'run' ? principalOf(settings.kafka) : null;
  // Without a login there is no principal yet to grant to.
  return own === null || own === ANONYMOUS ? `User:${DEFAULT_NAMES[use]}` : own;
}

function nameFor(use: Use, given: readonly Name[]): string | null {
  const found = given.findLast((each) => each.use === use) ?? given.findLast((each) => each.use === null);
  return found?.name ?? null;
}

function sqlOf(
  { database: { url, schema } }: Settings,
  given: readonly Name[],
): Map<Use, NonNullable<Grants['postgres']>> {
  const { database, user } = targetOf({ url });
  const roles = {
    setup: nameFor('setup', given) ?? 'tidemark_setup',
    run: nameFor('run', given) ?? user,
    retry: nameFor('retry', given) ?? 'tidemark_retry',
    // `setup` makes it by this name.
    reader: readerRoleOf(schema),
  };
  const { setup: owner, run, retry, reader } = roles;
  const all = sqlGrants({ database, schema, owner, run, retry, reader });
  return new Map(all.map(({ role, sql }) => [role, { role: roles[role], sql }]));
}

/** A script for a shell. */
export function asScript(grants: readonly Grants[]): string {
  const parts = grants.map(({ use, principal, acls }) => `\n# ${use}: ${principal}\n${acls.join('\n')}\n`);
  const sql = grants.map(({ use, postgres }) => sqlText(use, postgres));
  return `${HEAD}${parts.join('')}${sql.join('')}`;
}

const HEAD = `#!/bin/sh
# To be run by somebody who may grant. admin.properties says how they log in to the brokers, ADMIN_DATABASE_URL how to Postgres.
set -eu
`;

function sqlText(use: Use, postgres: Grants['postgres']): string {
  if (postgres === null || postgres.sql.length === 0) return '';
  const when = use === 'setup' ? 'before `tidemark setup`' : 'after `tidemark setup`, which makes the tables';
  const statements = postgres.sql.map((each) => `${each};\n`).join('');
  const psql = `psql --set ON_ERROR_STOP=1 "$ADMIN_DATABASE_URL" <<'SQL'`;
  return `\n# ${use}: role ${postgres.role}, ${when}\n${psql}\n${statements}SQL\n`;
}

export function asJson(grants: readonly Grants[]): string {
  const plain = grants.map(({ use, principal, kafka, acls, postgres }) => ({
    use,
    postgres,
    kafka: {
      principal,
      rights: kafka.map(({ resource, operation, why, without }) => ({ ...resource, operation, why, without })),
      commands: acls,
    },
  }));
  return `${JSON.stringify(plain, null, 2)}\n`;
}

// ------------------------------------------------------------------------------------------- what the options take

/** `run,consumer`. */
export function uses(text: string, before: readonly Use[] = []): Use[] {
  const given = text.split(',').map((each) => each.trim());
  const unknown = given.find((each) => !isUse(each));
  if (unknown !== undefined) throw new InvalidArgumentError(`Write some of ${USES.join(', ')}, with commas.`);
  return [...new Set([...before, ...(given as Use[])])];
}

/** `run=NAME`, or `NAME` for all. A name may have equals signs itself: `CN=tidemark,O=shop`. */
export function name(text: string, before: readonly Name[] = []): Name[] {
  const at = text.indexOf('=');
  const use = text.slice(0, Math.max(at, 0));
  const given = isUse(use) ? { use, name: text.slice(at + 1) } : { use: null, name: text };
  if (given.name === '') throw new InvalidArgumentError('Write a name, or a use and a name, like run=tidemark.');
  return [...before, given];
}

function isUse(text: string): text is Use {
  return (USES as readonly string[]).includes(text);
}
