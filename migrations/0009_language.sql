ALTER TABLE open_visit ADD COLUMN language text;
-- Its ranges too.
ALTER TABLE ended_visit ADD COLUMN language text;

CREATE OR REPLACE VIEW visits AS
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
       partition AS opened_partition, opened_offset, updated_at, language
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
       partition, opened_offset, updated_at, language
FROM ended_visit;

COMMENT ON COLUMN visits.language IS 'The first language named, of the browser.';
