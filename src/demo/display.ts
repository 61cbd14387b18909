import type { Style } from '../cli/style.ts';
import { line } from '../cli/table.ts';
import type { Settings } from '../settings/index.ts';
import type { Labels, Parts, ShownVisit } from './parts.ts';
import { type Moment, messageLine, picture, progress, visitRowsIn } from './picture.ts';
import type { Screen } from './screen.ts';
import { ScreenRows } from './screen-rows.ts';
import { shortId, timeOfDay } from './words.ts';

/** Time between two lines of progress, ms. */
const PROGRESS_EVERY = 5_000;

/** Shows moments: as a picture that is painted over or, without a terminal, as a line for each thing that happens. */
export class Display {
  private readonly screen: Screen;
  private readonly settings: Settings;
  private readonly labels: Labels;
  private readonly style: Style;
  private readonly rows = new ScreenRows();
  private readonly opened = new Set<string>();
  private shownMessages = 0;
  private progressAt = 0;

  constructor(screen: Screen, { settings, labels }: Pick<Parts, 'settings' | 'labels'>, style: Style) {
    this.screen = screen;
    this.settings = settings;
    this.labels = labels;
    this.style = style;
  }

  /** Visits that have to be in the next look. */
  get visitIds(): string[] {
    return this.rows.visitIds;
  }

  update(moment: Moment): void {
    if (this.screen.isLive) this.paint(moment);
    else this.tell(moment);
  }

  private paint(moment: Moment): void {
    const { screen, settings, labels, style } = this;
    const { size } = screen;
    const visits = this.rows.next(moment.look.visits, visitRowsIn(size), moment.now);
    screen.paint(picture(moment, visits, { settings, labels }, size, style));
  }

  private tell(moment: Moment): void {
    const { screen, style } = this;
    const { columns } = screen.size;
    const opened = moment.look.visits.filter(({ visitId }) => !this.opened.has(visitId));
    for (const visit of opened.sort((a, b) => a.startedAt - b.startedAt)) {
      this.opened.add(visit.visitId);
      screen.line(openedLine(visit, columns, style));
    }
    for (const message of moment.received.slice(this.shownMessages)) {
      screen.line(messageLine(message, columns, style, 'Visit Ended  '));
    }
    this.shownMessages = moment.received.length;
    if (moment.now - this.progressAt < PROGRESS_EVERY) return;
    this.progressAt = moment.now;
    for (const each of progress(moment, columns, style)) screen.line(each);
  }
}

function openedLine({ sessionId, startedAt, entryPage, debug }: ShownVisit, width: number, style: Style): string {
  return line(
    [
      { text: `  ${timeOfDay(startedAt)}  `, paint: style.dim },
      { text: 'opened       ', paint: style.green },
      `${shortId(sessionId)}  ${debug ? '(debug) ' : ''}${entryPage ?? ''}`,
    ],
    width,
  );
}
