import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

/** What happened, in order: a line for people on the screen, and all of it as JSON in a file. */
export class Log {
  readonly directory: string;
  readonly #begun = Date.now();

  constructor(directory: string) {
    this.directory = directory;
  }

  say(line: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const now = new Date();
    const at = ((now.getTime() - this.#begun) / 1_000).toFixed(1).padStart(7);
    process.stdout.write(`${at} s  ${line}\n`);
    const entry = { time: now.toISOString(), line, ...fields };
    appendFileSync(join(this.directory, 'run.jsonl'), `${JSON.stringify(entry)}\n`);
  }
}
