// Loaded before the program, in each of its threads: on SIGUSR2 they collect garbage, and what is left of all together
// is logged. Needs --expose-gc.
import { writeSync } from 'node:fs';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

const channel = new BroadcastChannel('bench: memory');
channel.unref();

function held() {
  for (let i = 0; i < 3; i++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return { heapUsed, external };
}

if (isMainThread) {
  let threads = 0;
  let answers = [];
  channel.onmessage = ({ data }) => {
    if (data === 'here') threads += 1;
    else answers.push(data);
    if (answers.length > threads) tell();
  };
  const tell = () => {
    const sum = (key) => answers.reduce((total, answer) => total + answer[key], 0);
    const left = { rss: process.memoryUsage.rss(), heapUsed: sum('heapUsed'), external: sum('external') };
    const line = { level: 'info', time: new Date().toISOString(), msg: 'bench: memory', ...left };
    writeSync(1, `${JSON.stringify(line)}\n`);
    answers = [];
  };
  process.on('SIGUSR2', () => {
    channel.postMessage('measure');
    answers.push(held());
    if (answers.length > threads) tell();
  });
} else {
  channel.onmessage = ({ data }) => {
    if (data === 'measure') channel.postMessage(held());
  };
  channel.postMessage('here');
}
