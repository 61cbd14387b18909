import { describe } from '@jest/globals';
import type { Admin } from 'kafkajs';
import pino from 'pino';
import { DEFAULT_NAMES } from '../../../src/cli/setup/grants.ts';
import { kafkaClient } from '../../../src/kafka/client.ts';
import { ClusterLink } from '../../../src/kafka/cluster.ts';
import { type Right, rightsFor, type Use } from '../../../src/kafka/rights/declaration.ts';
import { lacking } from '../../../src/kafka/rights/lacking.ts';
import { type Access, environmentOf, kafkaOf, propertiesOf } from '../../../src/local/access.ts';
import { tidemark } from '../../cli/support/harness.ts';
import { grant, revoke } from '../../support/acls.ts';
import { describeReal, stack } from '../../support/stack.ts';
import { until } from '../../support/until.ts';
import type { TestPipeline } from './pipeline.ts';

/** The principals at the brokers of the cluster: none has any right there until a test grants it. */
export const PRINCIPALS = DEFAULT_NAMES;

/** Why there are no brokers with principals and rights here; null: there are. */
export const noPrincipals = process.env.TEST_STACK?.includes('"access":{')
  ? null
  : 'no brokers with access control lists';

/** `describeReal` for tests that need brokers with principals and rights. */
export function describeCluster(name: string, tests: () => void): void {
  if (noPrincipals === null) describeReal(name, tests);
  else describe.skip(`${name} (skipped: ${noPrincipals})`, tests);
}

export function access(): Access {
  return stack().access!;
}

/** Variables by which a pipeline's commands log in as who does this. */
export function as(use: Use): Record<string, string> {
  const { KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD } = environmentOf(access(), PRINCIPALS[use]);
  return { KAFKA_SASL_USERNAME: KAFKA_SASL_USERNAME!, KAFKA_SASL_PASSWORD: KAFKA_SASL_PASSWORD! };
}

export function propertiesFor(use: Use): string {
  return propertiesOf(access(), PRINCIPALS[use]);
}

/** A command to its end in this process, as who does this. */
export function command(pipeline: TestPipeline, use: Use, ...argv: string[]) {
  return tidemark(argv, { env: { ...pipeline.env, ...as(use) } });
}

/** A row for each right of a use that the work cannot be done without, by what it is called. */
export function neededBy(use: Use, pipeline: TestPipeline): Right[] {
  return rightsFor(use, pipeline.settings).filter(({ without }) => without === null);
}

/** Gives these rights, and waits until each broker knows. */
export async function give(admin: Admin, rights: readonly Right[], use: Use): Promise<void> {
  await grant(admin, rights, PRINCIPALS[use]);
  await untilAllKnow(rights, use, 0);
}

/** Takes one away, and waits until each broker knows. */
export async function take(admin: Admin, right: Right, use: Use): Promise<void> {
  await revoke(admin, [right], PRINCIPALS[use]);
  await untilAllKnow([right], use, 1);
}

async function untilAllKnow(rights: readonly Right[], use: Use, missing: number): Promise<void> {
  await Promise.all(
    access().brokers.map((broker) =>
      until(`${broker} knows the rights`, async () => {
        // On a busy machine a login may take longer than an answer is waited for.
        const found = await linkTo(broker, use)
          .ask('rights', (cluster) => lacking(cluster, rights))
          .catch(() => null);
        return found?.length === missing;
      }),
    ),
  );
}

const links = new Map<string, ClusterLink>();

function linkTo(broker: string, use: Use): ClusterLink {
  const key = `${broker} ${use}`;
  const address = { ...kafkaOf(access(), PRINCIPALS[use]), brokers: [broker] };
  const link = links.get(key) ?? new ClusterLink(kafkaClient(address, SILENT), SILENT);
  links.set(key, link);
  return link;
}

/** To be called when all is done. */
export async function closeLinks(): Promise<void> {
  await Promise.all([...links.values()].map((link) => link.close()));
  links.clear();
}

const SILENT = pino({ level: 'silent' });

/** Grants what `setup --print-grants` prints for these, and nothing else. */
export async function grantPrinted(
  admin: Admin,
  pipeline: TestPipeline,
  uses: readonly Use[],
  group: string,
): Promise<void> {
  const names = uses.flatMap((use) => ['--as', `${use}=${PRINCIPALS[use]}`]);
  const argv = ['setup', '--print-grants', '--json', '--for', uses.join(','), '--consumer-group', group, ...names];
  const { out } = await tidemark(argv, { env: pipeline.env });
  for (const { kafka } of JSON.parse(out) as Printed[]) {
    const rights = kafka.rights.map(({ operation, type, name, pattern }) => ({
      operation,
      resource: { type, name, pattern },
    }));
    await grant(admin, rights, kafka.principal.replace(/^User:/, ''));
  }
}

interface Printed {
  readonly kafka: { readonly principal: string; readonly rights: (Right['resource'] & Pick<Right, 'operation'>)[] };
}

/** What names this right, its resource and who lacks it, and how it is granted. */
export function nameOf({ resource: { type, name }, operation }: Right, use: Use): RegExp {
  const on = `on ${type.replace('-', ' ')} ${quoted(name)}`;
  const flags = `--operation ${operation} .*--${type} ${quoted(name)}(?![\\w-])`;
  const who = `User:${PRINCIPALS[use]}`;
  return new RegExp(
    `${who} lacks the right to [^\\n]*${operation} \\([^\\n]* ${on}[^\\n]*--allow-principal ${who} [^\\n]*${flags}`,
  );
}

function quoted(text: string): string {
  return text.replaceAll(/[.*+?^$()|[\]\\{}]/g, '\\$&');
}
