import type { Rules } from '../core/rules/rules.ts';
import type { Settings } from './settings.ts';

/** The settings that the fold depends on. */
export function rulesOf({ input, visit, output }: Settings): Rules {
  return {
    gap: visit.gap,
    outOfOrderness: visit.outOfOrderness,
    arrivalGrace: visit.arrivalGrace,
    allowedLateness: visit.allowedLateness,
    maxAge: visit.maxAge,
    maxDuration: visit.maxDuration,
    maxEvents: visit.maxEvents,
    futureTolerance: visit.futureTolerance,
    appendTime: input.timestamps === 'append',
    endingTypes: new Set(visit.endingTypes),
    pageViewTypes: new Set(visit.pageViewTypes),
    debugSessionIds: new Set(visit.debugSessionIds),
    outputDebug: output.debug,
  };
}
