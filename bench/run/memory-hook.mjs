// Loaded before the program: on SIGUSR2 collects garbage and logs what is left. Needs --expose-gc.
import { writeSync } from 'node:fs';

process.on('SIGUSR2', () => {
  for (let i = 0; i < 3; i++) globalThis.gc();
  const line = { level: 'info', time: new Date().toISOString(), msg: 'bench: memory', ...process.memoryUsage() };
  writeSync(1, `${JSON.stringify(line)}\n`);
});
