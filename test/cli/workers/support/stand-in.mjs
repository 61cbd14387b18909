// A thread in place of the processor: it sends what the pool's test has for it, by the number of the worker.
import { parentPort, workerData } from 'node:worker_threads';

const { worker, settings } = workerData;
const script = settings.script[(worker ?? 1) - 1];
const say = (words) => {
  for (const word of words ?? []) parentPort.postMessage(word);
};
parentPort.on('message', (order) => {
  if (order === 'join') return say(script.atJoin);
  say(script.atStop);
  parentPort.close();
});
if (script.waitsFor !== undefined) {
  const channel = new BroadcastChannel(script.waitsFor);
  channel.onmessage = () => {
    say(script.afterwards);
    channel.close();
  };
}
say(script.words);
if (script.exit !== undefined) process.exit(script.exit);
if (script.throws !== undefined) throw new Error(script.throws);
