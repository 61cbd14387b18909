/**
 * The demo's output: lines that stay and, on a terminal, a picture below them that is painted over.
 *
 * Invariant: `painted` is the number of rows between the picture's first row and the cursor. Everything goes through
 * here while there is a picture; text written past it would be painted over in part.
 */
import type { Io } from '../cli/io.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
/** Terminals that know these two show all that is between them at once; others ignore them. */
const BEGIN_FRAME = '\x1b[?2026h';
const END_FRAME = '\x1b[?2026l';
const ERASE_REST_OF_LINE = '\x1b[K';
const ERASE_BELOW = '\x1b[J';
const CLEAR = '\x1b[2J\x1b[H';

export class Screen {
  /** Whether there is a picture at all. */
  readonly isLive: boolean;
  private readonly io: Io;
  private painted = 0;
  private columns = 0;
  private readonly showCursor = () => this.io.out(SHOW_CURSOR);

  constructor(io: Io, live: boolean) {
    this.io = io;
    this.isLive = live;
  }

  get size(): Size {
    const { columns, rows } = this.io.size?.() ?? { columns: 120, rows: 24 };
    return { columns: Math.max(40, columns), rows: Math.max(12, rows) };
  }

  /** A line that stays. */
  line(text = ''): void {
    this.erase();
    this.io.out(`${text}\n`);
  }

  /** A line that stays, on stderr. */
  warn(text: string): void {
    this.erase();
    this.io.err(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Paints over what was painted before. No line may be wider than the screen, nor all together be higher. */
  paint(lines: readonly string[]): void {
    if (!this.isLive) return;
    if (this.columns === 0) process.once('exit', this.showCursor);
    const { columns } = this.size;
    // A terminal that became narrower has wrapped the picture's lines: how many rows it takes now is not known.
    const isBroken = this.columns > columns;
    const home = isBroken ? CLEAR : this.painted > 0 ? `\x1b[${this.painted}A\r` : '';
    const text = lines.map((line) => `${line}${ERASE_REST_OF_LINE}\n`).join('');
    this.io.out(`${HIDE_CURSOR}${BEGIN_FRAME}${home}${text}${ERASE_BELOW}${END_FRAME}`);
    this.painted = lines.length;
    this.columns = columns;
  }

  /** Leaves the picture as it is; later lines go below it. */
  settle(): void {
    if (this.columns === 0) return;
    this.showCursor();
    process.off('exit', this.showCursor);
    this.painted = 0;
    this.columns = 0;
  }

  private erase(): void {
    if (this.painted === 0) return;
    this.io.out(`\x1b[${this.painted}A\r${ERASE_BELOW}`);
    this.painted = 0;
  }
}
