/**
 * Visits, sessions and profiles as Postgres holds them, read for people: the commands and the console. Answers are plain
 * objects; all times are ms since the epoch. null is "not there"; errors of reading are thrown.
 */
export { type AxisVisit, type AxisVisits, axisVisits } from './axis.ts';
export { type Clocks, readClocks } from './clocks.ts';
export { type Database, inSnapshot } from './database.ts';
export { type ExpectedEnd, endingOf } from './ending.ts';
export { type OpenOf, openVisits, recentlyEnded, type StateCounts, stateCounts } from './lists.ts';
export { inspectProfile, type ProfileReport, type ProfileSums } from './profile.ts';
export { type StateRules, stateRules } from './rules.ts';
export { type SearchResult, search } from './search.ts';
export { inspectSession, type SessionReport, type SessionSums } from './session.ts';
export { SHOWN_TOGETHER } from './values.gen.ts';
export {
  type InspectedEvent,
  type InspectedRevision,
  inspectVisit,
  type Page,
  type PageOf,
  type VisitReport,
} from './visit.ts';
export type { FullVisit, VisitSummary } from './visit-row.ts';
export { counted, span, timeText } from './words.ts';
