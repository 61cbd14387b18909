import { aclCommands } from './acl-command.ts';
import type { Right } from './declaration.ts';

/**
 * Rights that a user lacks. The message has a line for each resource: what is missing on it, for whom, what for, and
 * the command that grants it.
 */
export class MissingRights extends Error {
  override readonly name = 'MissingRights';
  readonly rights: readonly Right[];

  /** @param principal null: not known by what name the brokers know this user */
  constructor(rights: readonly Right[], principal: string | null, brokers: readonly string[], options?: ErrorOptions) {
    super(sentences(rights, principal, brokers).join('\n'), options);
    this.rights = rights;
  }
}

function sentences(rights: readonly Right[], principal: string | null, brokers: readonly string[]): string[] {
  const commands = aclCommands(rights, { brokers, principal: principal ?? 'User:NAME' });
  const byResource = Map.groupBy(rights, ({ resource }) => `${resource.type} ${resource.name}`);
  return [...byResource.values()].map((some, i) => {
    const { type, name, pattern } = some[0]!.resource;
    const on = `${type.replace('-', ' ')} ${name}${pattern === 'prefixed' ? '*' : ''}`;
    const what = some.map(({ operation, why }) => `${operation} (to ${why})`).join(' and ');
    return `${principal ?? 'this user'} lacks the right to ${what} on ${on}: grant it with \`${commands[i]}\``;
  });
}

/** Whether an error, or what caused it, is a broker's saying that a right is missing. */
export function isDenied(error: unknown): boolean {
  const left = [error];
  for (let seen = 0; left.length > 0 && seen < 20; seen += 1) {
    const { type, name, cause, originalError, errors } = (left.pop() ?? {}) as Caused;
    if (name === 'MissingRights' || /_AUTHORIZATION_FAILED$/.test(type ?? '')) return true;
    left.push(...[cause, originalError, ...(errors ?? [])].filter((each) => each instanceof Error));
  }
  return false;
}

interface Caused {
  readonly name?: string;
  readonly type?: string;
  readonly cause?: unknown;
  readonly originalError?: unknown;
  readonly errors?: readonly unknown[];
}
