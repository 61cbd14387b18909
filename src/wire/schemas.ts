import { readFileSync } from 'node:fs';

/** `schemas/TrackEvent.avsc` as JSON text: what is read, and what `setup` registers for the input. */
export const TRACK_EVENT_SCHEMA = load('TrackEvent');
/** `schemas/VisitEnded.avsc` as JSON text: what is written, and what `setup` registers for the output. */
export const VISIT_ENDED_SCHEMA = load('VisitEnded');

function load(name: string): string {
  return JSON.stringify(JSON.parse(readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8')));
}
