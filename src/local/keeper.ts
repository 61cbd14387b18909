/**
 * Ends what a stack started, however its owner ends.
 *
 * Invariant: the keeper outlives its owner. It is a shell that reads from a pipe which only the owner has open; when the
 * pipe ends (stop, exit, crash, SIGKILL) it ends the processes and removes the directories that were written to it. There is
 * no other way to stop: a signal handler here would be a second one, and would not see a SIGKILL. If a part were written to
 * it later than at once, a crash in between would leave the part running.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/** Lines: `part SIGNAL:PID`, `gone PID`, `path DIRECTORY`. */
const SCRIPT = `
trap '' HUP INT QUIT TERM
parts=
while read -r verb rest; do
  case $verb in
    part) parts="$parts $rest" ;;
    gone) kept=
      for part in $parts; do [ "\${part#*:}" = "$rest" ] || kept="$kept $part"; done
      parts=$kept ;;
    path) set -- "$@" "$rest" ;;
  esac
done
for part in $parts; do
  kill -"\${part%%:*}" "\${part#*:}"
  kill -CONT "\${part#*:}"
done 2>/dev/null
tries=0
for part in $parts; do
  while kill -0 "\${part#*:}" && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.05; done
  kill -KILL "\${part#*:}"
done 2>/dev/null
for path; do rm -rf "$path"; done
`;

export class Keeper {
  readonly #shell: ChildProcess;
  readonly #ended: Promise<void>;
  #stopping = false;

  constructor() {
    // It has a process group of its own: Ctrl-C in a terminal goes to the owner, who then ends the parts in order.
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, 'keeper'], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    this.#ended = new Promise((resolve, reject) => {
      this.#shell.once('exit', () => resolve());
      this.#shell.once('error', reject);
    });
    // Only `stop` waits for it, where a failed write to a keeper that is gone shows too.
    this.#ended.catch(() => {});
    this.#shell.stdin?.on('error', () => {});
    this.#shell.unref();
    (this.#shell.stdin as Socket).unref();
  }

  /** The keeper will end the process by `signal`, and by SIGKILL if it is still there five seconds later. */
  watch(pid: number, signal: 'KILL' | 'QUIT'): void {
    this.#send(`part ${signal}:${pid}`);
  }

  /** Takes a process that is gone off the list: its id may be another's by the time that the keeper acts. */
  unwatch(pid: number): void {
    this.#send(`gone ${pid}`);
  }

  /** The keeper will remove the directory, after the processes. */
  remove(directory: string): void {
    this.#send(`path ${directory}`);
  }

  /** Whether the stack is being stopped, so that parts are meant to end. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** Ends everything now; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#shell.ref();
    this.#shell.stdin?.end();
    await this.#ended;
  }

  #send(line: string): void {
    this.#shell.stdin?.write(`${line}\n`);
  }
}
