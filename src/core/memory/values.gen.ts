// Written by `npm run values` from src/core/rules/values.ts and schemas/: change those.

import type { FreshEvents } from './fresh-events.ts';
import { NO_STAMP } from './stamps.ts';
import type { Visit } from './visit.ts';

/** Takes event `i`, whose stamp is given. What is named and the context apart. */
export function takeValues(visit: Visit, fresh: FreshEvents, i: number, stamp: number): void {
  const profileId = fresh.profileIdAt(i);
  const sourceId = fresh.sourceIdAt(i);
  const page = fresh.pageAt(i);
  const utm = fresh.utmAt(i);
  if (profileId !== null && visit.comesAfter(stamp, visit.profileStamp)) {
    visit.profileId = profileId;
    visit.profileStamp = stamp;
  }
  if (sourceId !== null && visit.comesBefore(stamp, visit.sourceStamp)) {
    visit.sourceId = sourceId;
    visit.sourceStamp = stamp;
  }
  if (page !== null && visit.comesBefore(stamp, visit.entryStamp)) {
    visit.entryPage = page;
    visit.referrer = fresh.referrerAt(i);
    visit.entryStamp = stamp;
  }
  if (page !== null && visit.comesAfter(stamp, visit.exitStamp)) {
    visit.exitPage = page;
    visit.exitStamp = stamp;
  }
  if (utm !== null && visit.comesBefore(stamp, visit.utmStamp)) {
    visit.utm = utm;
    visit.utmStamp = stamp;
  }
}

/** Takes those of another visit. What is named and the context apart. @param here what a stamp of the other is here. */
export function takeValuesOf(visit: Visit, other: Visit, here: (stamp: number) => number): void {
  const profileStamp = here(other.profileStamp);
  if (profileStamp !== NO_STAMP && visit.comesAfter(profileStamp, visit.profileStamp)) {
    visit.profileId = other.profileId;
    visit.profileStamp = profileStamp;
  }
  const sourceStamp = here(other.sourceStamp);
  if (sourceStamp !== NO_STAMP && visit.comesBefore(sourceStamp, visit.sourceStamp)) {
    visit.sourceId = other.sourceId;
    visit.sourceStamp = sourceStamp;
  }
  const entryStamp = here(other.entryStamp);
  if (entryStamp !== NO_STAMP && visit.comesBefore(entryStamp, visit.entryStamp)) {
    visit.entryPage = other.entryPage;
    visit.referrer = other.referrer;
    visit.entryStamp = entryStamp;
  }
  const exitStamp = here(other.exitStamp);
  if (exitStamp !== NO_STAMP && visit.comesAfter(exitStamp, visit.exitStamp)) {
    visit.exitPage = other.exitPage;
    visit.exitStamp = exitStamp;
  }
  const utmStamp = here(other.utmStamp);
  if (utmStamp !== NO_STAMP && visit.comesBefore(utmStamp, visit.utmStamp)) {
    visit.utm = other.utm;
    visit.utmStamp = utmStamp;
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
