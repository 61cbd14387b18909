import { Session } from '../../src/core/memory/session.ts';
import { Visit } from '../../src/core/memory/visit.ts';
import type { VisitTable } from '../../src/core/memory/visit-table.ts';

/** An open visit without events, which began, ended and arrived at `t`. */
export function bareVisit(t = 0, table?: VisitTable): Visit {
  return new Visit('00000000-0000-8000-8000-000000000000', new Session('s', false, false), 0, 0, t, t, t, table);
}
