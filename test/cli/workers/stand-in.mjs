// A thread in place of the processor: tells what the pool's test wants of it, by the number of the worker.
import { parentPort, workerData } from 'node:worker_threads';

const { worker, settings } = workerData;
const script = settings.script[(worker ?? 1) - 1];
parentPort.on('message', () => {
  for (const word of script.atStop ?? []) parentPort.postMessage(word);
  parentPort.close();
});
for (const word of script.words ?? []) parentPort.postMessage(word);
if (script.exit !== undefined) process.exit(script.exit);
if (script.throws !== undefined) throw new Error(script.throws);
