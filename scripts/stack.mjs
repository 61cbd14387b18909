#!/usr/bin/env node
// Starts a local stack, prints its addresses as shell exports, and keeps it until Ctrl-C.
import { startStack } from '../src/local/stack.ts';

// Signals that come while it starts: end at once, and the stack's keeper clears up.
const stack = await startStack({ required: true, onProgress: (line) => console.error(line) });
console.log(`export KAFKA_BROKERS=${stack.brokers.join(',')}`);
console.log(`export SCHEMA_REGISTRY_URL=${stack.registryUrl}`);
console.log(`export DATABASE_URL=${stack.databaseUrl}`);
if (stack.kind === 'java') console.log(`export TIDEMARK_KAFKA_JARS=${stack.jars}`);
console.error(`${stack.describe()}. Ctrl-C ends it.`);

const alive = setInterval(() => {}, 1 << 30);
const end = async () => {
  clearInterval(alive);
  await stack.stop();
};
process.once('SIGINT', end);
process.once('SIGTERM', end);
