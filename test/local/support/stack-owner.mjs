// Starts a stack, prints its parts' process ids and its directory, and waits to be killed.
import { dirname } from 'node:path';
import { startStack } from '../../../src/local/stack.ts';

const stack = await startStack({ fast: true });
const parts = [stack.broker, stack.registry, stack.database];
console.log(JSON.stringify({ pids: parts.map((part) => part.pid), directory: dirname(dirname(parts[0].log)) }));
setInterval(() => {}, 1 << 30);
