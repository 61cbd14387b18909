#!/usr/bin/env node
// Starts a local stack, prints its addresses as shell exports, and keeps it until Ctrl-C.
// `--cluster`: three brokers with TLS, logins and rights. `--as NAME`: exports that log in as that principal of it.
import { parseArgs } from 'node:util';
import { environmentOf, propertiesOf } from '../src/local/access.ts';
import { ADMIN, PRINCIPALS } from '../src/local/principals.ts';
import { startStack } from '../src/local/stack.ts';

const { values } = parseArgs({ options: { cluster: { type: 'boolean' }, as: { type: 'string' } } });
const { cluster = false, as: principal = ADMIN } = values;
if (!PRINCIPALS.includes(principal) || (values.as && !cluster)) {
  console.error(`--as goes with --cluster, and takes ${PRINCIPALS.join(', ')}`);
  process.exit(2);
}

// A signal that comes while it starts ends it at once, and the stack's keeper clears up.
const options = { required: true, onProgress: (line) => console.error(line) };
const stack = cluster
  ? await startStack({ ...options, cluster: true, env: { ...process.env, TIDEMARK_STACK: 'java' } })
  : await startStack(options);
const variables = stack.access
  ? environmentOf(stack.access, principal)
  : { KAFKA_BROKERS: stack.brokers.join(','), SCHEMA_REGISTRY_URL: stack.registryUrl, DATABASE_URL: stack.databaseUrl };
for (const [name, value] of Object.entries(variables)) console.log(`export ${name}=${quoted(value)}`);
if (stack.kind === 'java') console.log(`export TIDEMARK_KAFKA_JARS=${quoted(stack.jars)}`);
if (stack.access) console.log(`export TIDEMARK_KAFKA_PROPERTIES=${quoted(propertiesOf(stack.access, principal))}`);
console.error(`${stack.describe()}. Ctrl-C ends it.`);
if (stack.access) {
  const { access, nodes } = stack;
  console.error(`authority: ${access.ca}`);
  console.error(`Java clients as ${principal}: ${propertiesOf(access, principal)}; as others: the files beside it`);
  console.error(
    `process ids: ${[...nodes, stack.registry, stack.database].map((p) => `${p.name} ${p.pid}`).join(', ')}`,
  );
}

/** Quotes a text for a shell if needed. */
function quoted(text) {
  return /^[\w./:@,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

const alive = setInterval(() => {}, 1 << 30);
const end = async () => {
  clearInterval(alive);
  await stack.stop();
};
process.once('SIGINT', end);
process.once('SIGTERM', end);
