/** What the kernel counts of processes, where there is a /proc. CPU in seconds, user and system; memory in bytes. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

export const HAS_PROC = existsSync('/proc/self/stat');
export const NO_PROC =
  'CPU and memory are read from /proc, which this system does not have: those columns stay empty (Linux has it)';

export interface Stat {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  /** Clock ticks of the process, and of its children that have ended and were waited for. */
  readonly own: number;
  readonly ended: number;
}

/** A line of /proc/PID/stat. The name stands in parentheses and may hold any character, also `)`. */
export function parseStat(line: string): Stat {
  const open = line.indexOf('(');
  const close = line.lastIndexOf(')');
  const fields = line.slice(close + 2).split(' ');
  const at = (index: number) => Number(fields[index]);
  return {
    pid: Number(line.slice(0, open)),
    name: line.slice(open + 1, close),
    parent: at(1),
    own: at(11) + at(12),
    ended: at(13) + at(14),
  };
}

let ticks = 0;

/** Clock ticks a second. */
function ticksPerSecond(): number {
  ticks ||= Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100;
  return ticks;
}

/** CPU of a process and of all its descendants, living or waited for. 0 where it has ended. */
export function treeCpu(root: number, all: readonly Stat[] = processes()): number {
  const tree = descendants(root, all);
  return tree.reduce((sum, { own, ended }) => sum + own + ended, 0) / ticksPerSecond();
}

/** Highest resident memory so far, summed over the processes of the tree that live. */
export function treePeak(root: number, all: readonly Stat[] = processes()): number {
  return descendants(root, all).reduce((sum, { pid }) => sum + memory(pid, 'VmHWM'), 0);
}

/** Resident memory now, summed over the tree. */
export function treeRss(root: number): number {
  return descendants(root, processes()).reduce((sum, { pid }) => sum + memory(pid, 'VmRSS'), 0);
}

/** The process itself first; none where it has ended. */
export function descendants(root: number, all: readonly Stat[]): Stat[] {
  const children = Map.groupBy(all, ({ parent }) => parent);
  const found = all.filter(({ pid }) => pid === root);
  for (const one of found) found.push(...(children.get(one.pid) ?? []));
  return found;
}

export function processes(): Stat[] {
  if (!HAS_PROC) return [];
  return pids().flatMap((pid) => {
    const line = read(`/proc/${pid}/stat`);
    return line === null ? [] : [parseStat(line)];
  });
}

/** The process that listens on a TCP port of this machine; null where there is none, or none that may be seen. */
export function listenerOn(port: number): Stat | null {
  const sockets = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningSockets(read(file) ?? '', port)),
  );
  if (sockets.size === 0) return null;
  const pid = pids().find((one) => openFiles(one).some((file) => sockets.has(file)));
  const line = pid === undefined ? null : read(`/proc/${pid}/stat`);
  return line === null ? null : parseStat(line);
}

const LISTENING = '0A';

/** `socket:[inode]` of each socket of /proc/net/tcp that listens on the port. */
export function listeningSockets(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTENING && local?.split(':')[1] === wanted)
    .map((fields) => `socket:[${fields[9]}]`);
}

function memory(pid: number, name: 'VmHWM' | 'VmRSS'): number {
  const [, kilobytes] = new RegExp(`${name}:\\s+(\\d+)`).exec(read(`/proc/${pid}/status`) ?? '') ?? [];
  return Number(kilobytes ?? 0) * 1024;
}

function pids(): number[] {
  return HAS_PROC
    ? readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
    : [];
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch (error) {
        return gone(error, []);
      }
    });
  } catch (error) {
    return gone(error, []);
  }
}

/** null where the process has ended, or is somebody else's. */
function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return gone(error, null);
  }
}

function gone<T>(error: unknown, instead: T): T {
  if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return instead;
  throw error;
}
