-- The views that people and programs hold on to: their names, columns and meanings stay.
-- They run with the rights of their owner, so a reader needs none on the tables. No function of our own is in them:
-- those would run with the reader's rights and search_path.

CREATE VIEW visits AS
SELECT visit_id, session_id, profile_id, source_id, debug,
       'open'::text AS status,
       NULL::text AS end_reason,
       CASE WHEN published > 0 THEN published - 1 END AS revision,
       started_at, last_event_at,
       NULL::timestamptz AS ended_at,
       last_event_at - started_at AS duration,
       event_count, page_view_count, late_event_count,
       entry_page, exit_page, referrer,
       utm_source, utm_medium, utm_campaign, utm_term, utm_content,
       device_type, device_brand, device_model, os, browser, country, region, city,
       context::jsonb AS context,
       partition AS opened_partition, opened_offset, updated_at
FROM open_visit
UNION ALL
SELECT visit_id, session_id, profile_id, source_id, debug,
       'ended', reason,
       CASE WHEN published > 0 THEN published - 1 END,
       started_at, last_event_at,
       last_event_at,
       last_event_at - started_at,
       event_count, page_view_count, late_event_count,
       entry_page, exit_page, referrer,
       utm_source, utm_medium, utm_campaign, utm_term, utm_content,
       device_type, device_brand, device_model, os, browser, country, region, city,
       context::jsonb,
       partition, opened_offset, updated_at
FROM ended_visit;

COMMENT ON VIEW visits IS 'Visits, open and ended, debug ones included and marked. Visits merged into another are absent.';
COMMENT ON COLUMN visits.visit_id IS 'UUID v8, in order of the time at which the visit was opened; the same on every replay.';
COMMENT ON COLUMN visits.session_id IS 'The session that the visit is part of, as the client named it.';
COMMENT ON COLUMN visits.profile_id IS 'The last profile id that its events named; null: none did.';
COMMENT ON COLUMN visits.source_id IS 'The first source id that its events named.';
COMMENT ON COLUMN visits.debug IS 'True: debug traffic, which counts in no session and no profile.';
COMMENT ON COLUMN visits.status IS 'open: events may still join it. ended: it was published; a late event may open it again.';
COMMENT ON COLUMN visits.end_reason IS 'inactivity, explicit, max_duration or max_events; null while it is open.';
COMMENT ON COLUMN visits.revision IS 'Number of its last published revision, from 0; null: it was never published.';
COMMENT ON COLUMN visits.started_at IS 'Time of its first event.';
COMMENT ON COLUMN visits.last_event_at IS 'Time of its last event.';
COMMENT ON COLUMN visits.ended_at IS 'Time of its last event once it has ended; null while it is open.';
COMMENT ON COLUMN visits.duration IS 'From its first event to its last.';
COMMENT ON COLUMN visits.event_count IS 'Its events, each event id once.';
COMMENT ON COLUMN visits.page_view_count IS 'Those of its events that are page views.';
COMMENT ON COLUMN visits.late_event_count IS 'Events that came after it had ended or, behind the watermark, after it had been published.';
COMMENT ON COLUMN visits.entry_page IS 'Page of the first event that names one.';
COMMENT ON COLUMN visits.exit_page IS 'Page of the last event that names one.';
COMMENT ON COLUMN visits.referrer IS 'Referrer of the event that named the entry page.';
COMMENT ON COLUMN visits.utm_source IS 'utm_source of the first event that has any UTM value.';
COMMENT ON COLUMN visits.utm_medium IS 'utm_medium of the first event that has any UTM value.';
COMMENT ON COLUMN visits.utm_campaign IS 'utm_campaign of the first event that has any UTM value.';
COMMENT ON COLUMN visits.utm_term IS 'utm_term of the first event that has any UTM value.';
COMMENT ON COLUMN visits.utm_content IS 'utm_content of the first event that has any UTM value.';
COMMENT ON COLUMN visits.device_type IS 'The first device type named.';
COMMENT ON COLUMN visits.device_brand IS 'The first device brand named.';
COMMENT ON COLUMN visits.device_model IS 'The first device model named.';
COMMENT ON COLUMN visits.os IS 'The first operating system named.';
COMMENT ON COLUMN visits.browser IS 'The first browser named.';
COMMENT ON COLUMN visits.country IS 'The first country named.';
COMMENT ON COLUMN visits.region IS 'The first region named.';
COMMENT ON COLUMN visits.city IS 'The first city named.';
COMMENT ON COLUMN visits.context IS 'Context of its events, merged by top-level key; the last write of each stands.';
COMMENT ON COLUMN visits.opened_partition IS 'Input partition of the record that opened it.';
COMMENT ON COLUMN visits.opened_offset IS 'Offset of the record that opened it.';
COMMENT ON COLUMN visits.updated_at IS 'When its row was last written.';

CREATE VIEW sessions AS
SELECT session_id,
       opened_partition AS partition,
       (array_agg(visit_id ORDER BY started_at, visit_id))[1] AS first_visit_id,
       (array_agg(visit_id ORDER BY started_at DESC, visit_id DESC))[1] AS last_visit_id,
       (array_agg(profile_id ORDER BY started_at DESC, visit_id DESC))[1] AS profile_id,
       count(*) AS visit_count,
       sum(event_count) AS event_count,
       sum(page_view_count) AS page_view_count,
       sum(late_event_count) AS late_event_count,
       sum(duration) AS total_duration,
       min(started_at) AS started_at,
       CASE WHEN NOT bool_or(status = 'open') THEN max(ended_at) END AS ended_at,
       (array_agg(context ORDER BY started_at DESC, visit_id DESC))[1] AS context
FROM visits
WHERE NOT debug
GROUP BY session_id, opened_partition;

COMMENT ON VIEW sessions IS
  'All that carries one session id, debug traffic apart: one row per session id and input partition. More than one '
  'row for an id means that producers spread its records over partitions.';
COMMENT ON COLUMN sessions.session_id IS 'The id that the client gave.';
COMMENT ON COLUMN sessions.partition IS 'Input partition that its records came from.';
COMMENT ON COLUMN sessions.first_visit_id IS 'The visit that started first.';
COMMENT ON COLUMN sessions.last_visit_id IS 'The visit that started last.';
COMMENT ON COLUMN sessions.profile_id IS 'The last visit''s profile.';
COMMENT ON COLUMN sessions.visit_count IS 'Visits in it, open and ended.';
COMMENT ON COLUMN sessions.event_count IS 'Events of its visits.';
COMMENT ON COLUMN sessions.page_view_count IS 'Page views of its visits.';
COMMENT ON COLUMN sessions.late_event_count IS 'Late events of its visits.';
COMMENT ON COLUMN sessions.total_duration IS 'Sum of its visits'' durations: time between visits does not count.';
COMMENT ON COLUMN sessions.started_at IS 'Time of its first event.';
COMMENT ON COLUMN sessions.ended_at IS 'Time of its last event; null while one of its visits is open.';
COMMENT ON COLUMN sessions.context IS 'The last visit''s context.';

-- Each side is grouped by profile_id on its own, so that a condition on profile_id reaches the index of each.
CREATE VIEW profiles AS
SELECT profile_id,
       coalesce(p.visit_count, 0) AS visit_count,
       coalesce(p.session_count, 0) AS session_count,
       coalesce(p.event_count, 0) AS event_count,
       coalesce(p.page_view_count, 0) AS page_view_count,
       coalesce(p.total_duration, interval '0') AS total_duration,
       p.first_seen_at,
       p.last_seen_at,
       coalesce(t.traits, '{}') AS traits
FROM (
  SELECT profile_id, visit_count, event_count, page_view_count, total_duration, first_seen_at, last_seen_at,
         session_count
  FROM (
    SELECT profile_id,
           sum(visit_count)::bigint AS visit_count,
           sum(event_count)::bigint AS event_count,
           sum(page_view_count)::bigint AS page_view_count,
           sum(duration_ms)::bigint * interval '1 millisecond' AS total_duration,
           min(first_seen_at) AS first_seen_at,
           max(last_seen_at) AS last_seen_at
    FROM (
      SELECT profile_id, visit_count, event_count, page_view_count, duration_ms, first_seen_at, last_seen_at
      FROM profile_part
      UNION ALL
      SELECT profile_id, 1, event_count, page_view_count,
             (extract(epoch FROM last_event_at - started_at) * 1000)::bigint, started_at, last_event_at
      FROM open_visit
      WHERE profile_id IS NOT NULL AND NOT debug
    ) each_part
    GROUP BY profile_id
  ) part
  LEFT JOIN (
    SELECT profile_id, count(*) AS session_count
    FROM (
      SELECT DISTINCT profile_id, session_id, partition
      FROM (
        SELECT profile_id, session_id, partition, debug FROM open_visit
        UNION ALL
        SELECT profile_id, session_id, partition, debug FROM ended_visit
      ) visit
      WHERE profile_id IS NOT NULL AND NOT debug
    ) session
    GROUP BY profile_id
  ) session USING (profile_id)
) p
FULL JOIN (
  SELECT profile_id, jsonb_object_agg(key, value) AS traits
  FROM (
    SELECT DISTINCT ON (profile_id, key) profile_id, key, value
    FROM profile_trait
    ORDER BY profile_id, key, t DESC, event_id DESC, session_id DESC
  ) trait
  WHERE value IS NOT NULL
  GROUP BY profile_id
) t USING (profile_id);

COMMENT ON VIEW profiles IS 'The sum of a profile''s visits, open and ended, debug ones apart, and its traits.';
COMMENT ON COLUMN profiles.profile_id IS 'The id that events name.';
COMMENT ON COLUMN profiles.visit_count IS 'Visits whose profile it is; 0: only traits are known of it.';
COMMENT ON COLUMN profiles.session_count IS 'Sessions with at least one of these visits.';
COMMENT ON COLUMN profiles.event_count IS 'Events of these visits.';
COMMENT ON COLUMN profiles.page_view_count IS 'Page views of these visits.';
COMMENT ON COLUMN profiles.total_duration IS 'Sum of these visits'' durations.';
COMMENT ON COLUMN profiles.first_seen_at IS 'Time of the first event of these visits; null without any.';
COMMENT ON COLUMN profiles.last_seen_at IS 'Time of the last event of these visits; null without any.';
COMMENT ON COLUMN profiles.traits IS 'Last write of each trait by event time; traits that were unset are absent.';

-- A subquery per visit: the first rows come at once, and a condition on a visit or session reads no other chunk.
CREATE VIEW visit_events AS
SELECT visit.visit_id, visit.session_id, event.position, event.event_id, event.type, event.occurred_at, event.page,
       event.properties
FROM (
  SELECT visit_id, session_id FROM open_visit
  UNION ALL
  SELECT visit_id, session_id FROM ended_visit
) visit
CROSS JOIN LATERAL (
  SELECT row_number() OVER (ORDER BY one.occurred_at, one.id COLLATE "C") AS position,
         one.id AS event_id, one.type, one.occurred_at, one.page, one.properties
  FROM (
    SELECT coalesce(part.id, encode(substr(chunk.event_uuids, part.n * 16 - 15, 16), 'hex')::uuid::text) AS id,
           coalesce(part.type, chunk.types::json ->> 0) AS type,
           -- Days and the rest apart: an interval times a number of ms is exact up to the year 2255 only.
           (timestamp 'epoch' + time.ms / 86400000 * interval '1 day' + time.ms % 86400000 * interval '1 millisecond')
             AT TIME ZONE 'UTC' AS occurred_at,
           part.page, part.properties
    FROM (
      SELECT visit.visit_id
      UNION ALL
      SELECT alias.visit_id FROM visit_alias alias WHERE alias.survivor = visit.visit_id
    ) holder
    -- OFFSET makes it a probe of the index for each: before the first ANALYZE a hash join would read all for each.
    CROSS JOIN LATERAL (SELECT * FROM visit_chunk WHERE visit_id = holder.visit_id OFFSET 0) chunk
    CROSS JOIN LATERAL ROWS FROM (
      generate_series(1, octet_length(chunk.times) / 6), unnest(chunk.event_ids),
      json_array_elements_text(chunk.types::json), json_array_elements_text(chunk.pages::json), unnest(chunk.properties)
    ) AS part (n, id, type, page, properties)
    CROSS JOIN LATERAL (
      SELECT ('x0000' || encode(substr(chunk.times, part.n * 6 - 5, 6), 'hex'))::bit(64)::bigint AS ms
    ) time
  ) one
) event;

COMMENT ON VIEW visit_events IS 'The events of each visit, in order of time, then of event id.';
COMMENT ON COLUMN visit_events.visit_id IS 'The visit that the event is in now, after merges.';
COMMENT ON COLUMN visit_events.session_id IS 'The visit''s session.';
COMMENT ON COLUMN visit_events.position IS 'Place among the visit''s events, from 1.';
COMMENT ON COLUMN visit_events.event_id IS 'The id that the event came with.';
COMMENT ON COLUMN visit_events.type IS 'The event''s type.';
COMMENT ON COLUMN visit_events.occurred_at IS 'Its time, as corrected for the device''s clock.';
COMMENT ON COLUMN visit_events.page IS 'The page that it names; null: none.';
COMMENT ON COLUMN visit_events.properties IS 'Its properties; null unless they are kept.';

CREATE VIEW visit_revisions AS
SELECT visit_id, revision, reason, retracted, merged_into, started_at, ended_at, event_count, decided_at
FROM visit_revision
UNION ALL
SELECT visit_id, published - 1, reason, false, NULL, started_at, last_event_at, event_count, decided_at
FROM ended_visit
WHERE decided_at IS NOT NULL;

COMMENT ON VIEW visit_revisions IS 'What was published of each visit. A revision never changes.';
COMMENT ON COLUMN visit_revisions.visit_id IS 'The visit; one that was merged away is here, and in no other view.';
COMMENT ON COLUMN visit_revisions.revision IS 'From 0, one higher each time.';
COMMENT ON COLUMN visit_revisions.reason IS 'inactivity, explicit, max_duration or max_events.';
COMMENT ON COLUMN visit_revisions.retracted IS 'True: the visit no longer stands; merged_into names the one that took its events.';
COMMENT ON COLUMN visit_revisions.merged_into IS 'The visit that took its events; null unless retracted.';
COMMENT ON COLUMN visit_revisions.started_at IS 'Time of its first event as of this revision.';
COMMENT ON COLUMN visit_revisions.ended_at IS 'Time of its last event as of this revision.';
COMMENT ON COLUMN visit_revisions.event_count IS 'Its events as of this revision.';
COMMENT ON COLUMN visit_revisions.decided_at IS 'The arrival clock of the log when this was decided.';
