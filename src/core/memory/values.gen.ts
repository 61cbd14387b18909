// Written by `npm run values` from src/core/rules/values.ts and schemas/: change those.

import { NO_EVENT } from './event-refs.ts';
import type { PendingEvents } from './pending-events.ts';
import type { Visit } from './visit.ts';

/** Takes event `i`, whose ref is given. What is named and the context apart. */
export function applyValues(visit: Visit, pending: PendingEvents, i: number, ref: number): void {
  const profileId = pending.profileIdAt(i);
  const sourceId = pending.sourceIdAt(i);
  const page = pending.pageAt(i);
  const utm = pending.utmAt(i);
  if (profileId !== null && visit.comesAfter(ref, visit.profileRef)) {
    visit.profileId = profileId;
    visit.profileRef = ref;
  }
  if (sourceId !== null && visit.comesBefore(ref, visit.sourceRef)) {
    visit.sourceId = sourceId;
    visit.sourceRef = ref;
  }
  if (page !== null && visit.comesBefore(ref, visit.entryRef)) {
    visit.entryPage = page;
    visit.referrer = pending.referrerAt(i);
    visit.entryRef = ref;
  }
  if (page !== null && visit.comesAfter(ref, visit.exitRef)) {
    visit.exitPage = page;
    visit.exitRef = ref;
  }
  if (utm !== null && visit.comesBefore(ref, visit.utmRef)) {
    visit.utm = utm;
    visit.utmRef = ref;
  }
}

/** Takes those of another visit. What is named and the context apart. @param here what a ref of the other is here. */
export function absorbValues(visit: Visit, other: Visit, here: (ref: number) => number): void {
  const profileRef = here(other.profileRef);
  if (profileRef !== NO_EVENT && visit.comesAfter(profileRef, visit.profileRef)) {
    visit.profileId = other.profileId;
    visit.profileRef = profileRef;
  }
  const sourceRef = here(other.sourceRef);
  if (sourceRef !== NO_EVENT && visit.comesBefore(sourceRef, visit.sourceRef)) {
    visit.sourceId = other.sourceId;
    visit.sourceRef = sourceRef;
  }
  const entryRef = here(other.entryRef);
  if (entryRef !== NO_EVENT && visit.comesBefore(entryRef, visit.entryRef)) {
    visit.entryPage = other.entryPage;
    visit.referrer = other.referrer;
    visit.entryRef = entryRef;
  }
  const exitRef = here(other.exitRef);
  if (exitRef !== NO_EVENT && visit.comesAfter(exitRef, visit.exitRef)) {
    visit.exitPage = other.exitPage;
    visit.exitRef = exitRef;
  }
  const utmRef = here(other.utmRef);
  if (utmRef !== NO_EVENT && visit.comesBefore(utmRef, visit.utmRef)) {
    visit.utm = other.utm;
    visit.utmRef = utmRef;
  }
}

/** UTF-16 units of those that may be long. */
export function longUnits({ entryPage, referrer, exitPage, utm }: Visit): number {
  let units = 0;
  if (entryPage !== null) units += entryPage.length;
  if (referrer !== null) units += referrer.length;
  if (exitPage !== null) units += exitPage.length;
  if (utm !== null) for (let i = 0; i < utm.length; i++) units += utm[i]?.length ?? 0;
  return units;
}
