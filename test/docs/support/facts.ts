/** All rows of the views that docs/SQL.md queries. Times and intervals are in ms. */
export type Row = Readonly<Record<string, unknown>>;

export interface Visit {
  readonly visit_id: string;
  readonly session_id: string;
  readonly profile_id: string | null;
  readonly debug: boolean;
  readonly status: 'open' | 'ended';
  readonly revision: number | null;
  readonly started_at: number;
  readonly last_event_at: number;
  readonly ended_at: number | null;
  readonly event_count: number;
  readonly page_view_count: number;
  readonly late_event_count: number;
  readonly entry_page: string | null;
  readonly utm_campaign: string | null;
  readonly device_type: string | null;
  readonly country: string | null;
  readonly opened_partition: number;
  readonly updated_at: number;
}

export interface VisitEvent {
  readonly visit_id: string;
  readonly event_id: string;
  readonly type: string;
  readonly occurred_at: number;
  readonly page: string | null;
}

export interface Revision {
  readonly visit_id: string;
  readonly revision: number;
  readonly retracted: boolean;
  readonly event_count: number;
  readonly decided_at: number;
}

export interface Facts {
  /** The value of `now()` in the queries. */
  readonly now: number;
  readonly visits: readonly Visit[];
  readonly events: readonly VisitEvent[];
  readonly revisions: readonly Revision[];
}
