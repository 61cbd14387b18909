// Written by `npm run values` from src/core/rules/values.ts and schemas/: change those.

import { NO_EVENT } from '../core/memory/event-refs.ts';
import type { Visit } from '../core/memory/visit.ts';
import type { Utm } from '../core/rules/event.ts';
import type { CopyRows } from './copy.ts';
import type { RowReader } from './row.ts';
import { textFields } from './text-fields.ts';

/** Columns of open_visit and ended_visit, in the order in which `writeValues` and `readValues` have them. */
export const VALUE_COLUMNS = [
  'profile_id',
  'source_id',
  'entry_page',
  'referrer',
  'exit_page',
  'utm_source',
  'utm_medium',
  'utm_campaign',
  'utm_term',
  'utm_content',
  'device_type',
  'device_brand',
  'device_model',
  'os',
  'browser',
  'country',
  'region',
  'city',
  'language',
] as const;

const NO_UTM: readonly null[] = [null, null, null, null, null];

export function writeValues(rows: CopyRows, visit: Visit): void {
  rows.text(visit.profileId);
  rows.text(visit.sourceId);
  rows.text(visit.entryPage);
  rows.text(visit.referrer);
  rows.text(visit.exitPage);
  rows.encoded(5, textFields(visit.utm ?? NO_UTM));
  rows.encoded(visit.named.length, textFields(visit.named));
}

/** The values as the columns hold them. */
export interface RowValues {
  readonly profileId: string | null;
  readonly sourceId: string | null;
  readonly entryPage: string | null;
  readonly referrer: string | null;
  readonly exitPage: string | null;
  readonly utm: Utm;
  readonly named: readonly (string | null)[];
}

export function readValues(row: RowReader): RowValues {
  return {
    profileId: row.optionalText(),
    sourceId: row.sharedText(),
    entryPage: row.sharedText(),
    referrer: row.sharedText(),
    exitPage: row.sharedText(),
    utm: row.sharedTexts(5) as unknown as Utm,
    named: row.sharedTexts(9),
  };
}

/** Refs that stand in the stored state before those of what is named. */
export const GROUPS = 5;

/** @param use is given each in order. */
export function numberRefs(numbering: { number(ref: number): void }, visit: Visit): void {
  numbering.number(visit.profileRef);
  numbering.number(visit.sourceRef);
  numbering.number(visit.entryRef);
  numbering.number(visit.exitRef);
  numbering.number(visit.utmRef);
}

/** Sets values and refs. @param input has, for each of the first `count` refs in order, its number + 1. */
export function restoreGroups(input: { varint(): number }, count: number, values: RowValues, visit: Visit): void {
  if (count > 0) visit.profileRef = input.varint() - 1;
  visit.profileId = values.profileId;
  if (count > 1) visit.sourceRef = input.varint() - 1;
  visit.sourceId = values.sourceId;
  if (count > 2) visit.entryRef = input.varint() - 1;
  visit.entryPage = values.entryPage;
  visit.referrer = values.referrer;
  if (count > 3) visit.exitRef = input.varint() - 1;
  visit.exitPage = values.exitPage;
  if (count > 4) visit.utmRef = input.varint() - 1;
  visit.utm = visit.utmRef === NO_EVENT ? null : values.utm;
}
