import { readFileSync } from 'node:fs';

/**
 * The schema that the workload's events are written with, as JSON text: `schemas/TrackEvent.avsc` as it was when the first
 * figures were taken. What is added to that one later changes neither the workload nor what it is held against.
 */
export const WORKLOAD_SCHEMA = JSON.stringify(
  JSON.parse(readFileSync(new URL('./track-event.avsc', import.meta.url), 'utf8')),
);
