/** Figures of a scenario: a name, a value with its unit, and the goal where there is one. */
import { markdown } from './table.ts';

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Not to be exceeded. */
  readonly goal?: number;
}

export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, value, unit, goal }) => [
    what,
    `${show(value)} ${unit}`,
    goal === undefined ? '' : `${value <= goal ? 'met' : 'NOT MET'}: ${show(goal)} ${unit}`,
  ]);
  return markdown(['what', 'measured', 'goal'], rows);
}

/** Three digits, or all before the point. */
function show(value: number): string {
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
