import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { PlainEvent } from '../../reference/decode.ts';
import { compareBytes, type VisitView } from '../../reference/visits.ts';
import { holds, LIMIT, scenarioText } from '../support/compare.ts';
import { drive } from '../support/drive.ts';
import { build, choices, configs, type Log, type PlainStep, rulesOfLog, stepsOfLog } from '../support/logs.ts';

/** Per event, in thousandths: how far its record's timestamp lies between its lowest and its highest. */
const delays = fc.array(fc.nat(1000), { minLength: 60, maxLength: 60 });

/**
 * The same events as records in another order. Each record is stamped at most `B` after its event, so no event lies
 * behind the watermark when it comes, and no silence ends a visit that an event still to come belongs to.
 */
function arrange(events: readonly PlainEvent[], config: Log['config'], delay: readonly number[]): Log {
  const span = config.out_of_orderness_ms + config.future_tolerance_ms;
  const stamped = events.map((event, i) => {
    const late = Math.floor(((delay[i % delay.length] ?? 0) * span) / 1000) - config.future_tolerance_ms;
    return { event, arrives: event.occurred_at + late };
  });
  stamped.sort((a, b) => a.arrives - b.arrives);
  const steps: PlainStep[] = stamped.map(({ event, arrives }, offset) => ({ offset, arrives, events: [event] }));
  // Long after everything: all visits have ended.
  const end = (stamped.at(-1)?.arrives ?? 0) + 1e10;
  return { config, outputDebug: true, steps: [...steps, { now: end }] };
}

/** What two orders of arrival must agree on: everything but where in the log a visit began, and when. */
function whatItIs(visit: VisitView) {
  const { id, openedOffset, openedIndex, lastArrival, endedWatermark, ...same } = visit;
  return same;
}

const cases = fc
  .tuple(configs, choices(false), delays, delays)
  .map(([bounds, made, one, other]) => {
    // Caps and sign-outs are where order of arrival may matter: neither is here. Nor are resends.
    const config = { ...bounds, max_events: 1_000, max_duration_ms: 1e12, ending_types: [] };
    const events = build(config, false, made).steps.flatMap((step) => ('now' in step ? [] : step.events));
    const ids = new Set<string>();
    const once = events.filter((event): event is PlainEvent => {
      if (event === null || event.session_id === '' || ids.has(event.event_id)) return false;
      ids.add(event.event_id);
      return true;
    });
    return [arrange(once, config, one), arrange(once, config, other)] as const;
  })
  .filter(([log]) => log.steps.length > 1);

test(
  'events that are not behind the watermark give the same visits in any order of arrival, and amend nothing',
  async () => {
    await holds(
      cases,
      async (logs) => {
        const [one, other] = await Promise.all(logs.map((log) => drive(rulesOfLog(log), stepsOfLog(log))));
        for (const { state } of [one!, other!]) {
          expect(state.counts).toMatchObject({ amended: 0, retracted: 0, late: 0, future: 0, duplicate: 0 });
        }
        const [visits, otherVisits] = [one!, other!].map((run) =>
          run.visits
            .map(whatItIs)
            .sort((a, b) => compareBytes(a.sessionId, b.sessionId) || a.startedAt - b.startedAt || +a.debug - +b.debug),
        );
        expect(visits!.every((visit) => visit.ended && visit.published === 1)).toBe(true);
        expect(otherVisits).toEqual(visits);
        expect(other!.profiles).toEqual(one!.profiles);
      },
      (logs) => logs.map(scenarioText).join('\n'),
    );
  },
  LIMIT,
);
