import { styleText } from 'node:util';

export type Paint = (text: string) => string;

/** Colours, or none of them. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly red: Paint;
  readonly cyan: Paint;
}

const plain: Paint = (text) => text;

/** Colours are for terminals, unless NO_COLOR is set. */
export function styleFor(terminal: boolean, env: NodeJS.ProcessEnv): Style {
  if (!terminal || env.NO_COLOR || env.TERM === 'dumb') {
    return { bold: plain, dim: plain, green: plain, yellow: plain, red: plain, cyan: plain };
  }
  const paint = (format: keyof Style): Paint => {
    return (text) => styleText(format, text, { validateStream: false });
  };
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    green: paint('green'),
    yellow: paint('yellow'),
    red: paint('red'),
    cyan: paint('cyan'),
  };
}
