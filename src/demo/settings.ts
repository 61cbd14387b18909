import { randomBytes } from 'node:crypto';
import { devNull } from 'node:os';
import { resolve } from 'node:path';
import type { Stack } from '../local/stack.ts';
import { formatDuration, type Loaded, loadSettings } from '../settings/index.ts';

/** How far the broker's clock may be from ours, ms: it is the same clock where the broker runs on this machine. */
const MARGIN = { java: 200, memory: 200, docker: 2_000, environment: 2_000 } as const;

/**
 * Settings with visits of seconds, so that one sees them end. They take only addresses and credentials from the environment,
 * and nothing from a file: what users have set for their own processor must not decide what the demo touches. Where the
 * parts are theirs, all names are this run's own.
 *
 * @param gap ms.
 */
export function demoSettings(stack: Stack, gap: number, env: NodeJS.ProcessEnv, cwd: string): Loaded {
  const values: Record<string, string> = {
    'topics.partitions': '3',
    'visit.gap': formatDuration(gap),
    'visit.out_of_orderness': formatDuration(Math.round(gap / 6)),
    'visit.arrival_grace': formatDuration(Math.round(gap / 6)),
    'visit.allowed_lateness': formatDuration(gap),
    'visit.clock_margin': formatDuration(MARGIN[stack.kind]),
    'http.port': '0',
  };
  if (stack.kind !== 'memory') {
    values['kafka.brokers'] = stack.brokers.join(',');
    values['registry.url'] = stack.registryUrl;
    values['database.url'] = stack.databaseUrl;
  }
  if (stack.kind === 'environment') {
    const run = randomBytes(4).toString('hex');
    values['kafka.group'] = `tidemark-demo-${run}`;
    values['database.schema'] = `tidemark_demo_${run}`;
    values['input.topic'] = `tidemark-demo-${run}.tracks`;
    values['output.topic'] = `tidemark-demo-${run}.session-ended`;
  }
  const access = stack.kind === 'environment' ? accessOf(env, cwd) : {};
  return loadSettings({ flags: { config: devNull, values }, env: access, cwd });
}

const ACCESS =
  /^(KAFKA_(TLS|SASL)\w*|SCHEMA_REGISTRY_(TLS_\w+|USERNAME|PASSWORD|TOKEN)(_FILE)?|DATABASE_PASSWORD(_FILE)?)$/;

/** The credentials in the environment. */
function accessOf(env: NodeJS.ProcessEnv, cwd: string): NodeJS.ProcessEnv {
  const access = Object.entries(env).filter(([name]) => ACCESS.test(name));
  return Object.fromEntries(
    access.map(([name, value]) => [name, name.endsWith('_FILE') && value ? resolve(cwd, value) : value]),
  );
}
