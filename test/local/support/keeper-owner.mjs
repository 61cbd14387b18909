// Starts a keeper of two processes and a directory, prints them, and waits to be killed.
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keeper } from '../../../src/local/keeper.ts';

const keeper = new Keeper();
const directory = mkdtempSync(join(tmpdir(), 'tidemark keeper-'));
keeper.remove(directory);
const children = [0, 1].map(() => spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }));
keeper.watch(children[0].pid, 'KILL');
keeper.watch(children[1].pid, 'QUIT');
console.log(JSON.stringify({ pids: children.map((child) => child.pid), directory }));
setInterval(() => {}, 1 << 30);
