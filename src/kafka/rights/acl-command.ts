import type { Right } from './declaration.ts';

export interface AclOptions {
  readonly brokers: readonly string[];
  /** `User:NAME`. */
  readonly principal: string;
}

/** Command lines of Kafka's own tool that grant these rights, one for each resource. */
export function aclCommands(rights: readonly Right[], { brokers, principal }: AclOptions): string[] {
  const byResource = Map.groupBy(rights, ({ resource }) => `${resource.type} ${resource.name}`);
  return [...byResource.values()].map((some) => {
    const { type, name, pattern } = some[0]!.resource;
    return [
      `kafka-acls.sh --bootstrap-server ${quoted(brokers.join(','))} --command-config admin.properties`,
      `--add --allow-principal ${quoted(principal)}`,
      ...some.map(({ operation }) => `--operation ${operation}`),
      `--${type} ${quoted(name)}`,
      ...(pattern === 'prefixed' ? ['--resource-pattern-type prefixed'] : []),
    ].join(' ');
  });
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w.,:@%+=/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
