-- Late events and dead letters by the hour, for people. Their sums since the first offset are in partition_state, whose row
-- each commit writes: what a commit adds to them is added to its hour here, in the same transaction. Where it adds none, as
-- most do, the condition of the trigger is all that it costs.
--
-- The hour is that of the log's arrival clock after the commit: the same however often the log is folded.
CREATE TABLE set_aside_hour (
  partition integer NOT NULL,
  hour timestamptz NOT NULL,
  reason text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (partition, hour, reason)
) WITH (fillfactor = 50);
COMMENT ON TABLE set_aside_hour IS 'Events and records that no visit took, by the hour; no row is of two partitions.';

-- The schema follows from the table that was written, because a schema can be renamed. It runs with the rights of whoever owns
-- the tables, so that who folds needs none on this one; nobody else can put it on a table of their own.
CREATE FUNCTION count_set_aside() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format(
    'INSERT INTO %I.set_aside_hour AS h (partition, hour, reason, count)
     SELECT $1, date_trunc(''hour'', to_timestamp($2 / 1000.0), ''UTC''), reason, count
     FROM (
       SELECT reason, coalesce(($4 ->> key)::bigint, 0) - coalesce(($3 ->> key)::bigint, 0) AS count
       FROM (VALUES (''late'', ''late''), (''undecodable'', ''undecodable''), (''invalid'', ''invalid''),
                    (''future'', ''future''), (''visitFull'', ''visit_full'')) AS kind (key, reason)
     ) added
     WHERE count > 0
     ON CONFLICT (partition, hour, reason) DO UPDATE SET count = h.count + excluded.count',
    TG_TABLE_SCHEMA
  )
  -- A stamp that is no time of Postgres must not keep a commit from being made.
  USING NEW.partition, least(greatest(coalesce(NEW.arrival_clock, 0), 0), 253402300799999), OLD.counts, NEW.counts;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION count_set_aside IS 'Adds what a commit set aside to its hour in set_aside_hour.';
REVOKE ALL ON FUNCTION count_set_aside FROM PUBLIC;

CREATE TRIGGER count_set_aside AFTER UPDATE OF counts ON partition_state
FOR EACH ROW WHEN (
  OLD.counts -> 'late' IS DISTINCT FROM NEW.counts -> 'late'
  OR OLD.counts -> 'undecodable' IS DISTINCT FROM NEW.counts -> 'undecodable'
  OR OLD.counts -> 'invalid' IS DISTINCT FROM NEW.counts -> 'invalid'
  OR OLD.counts -> 'future' IS DISTINCT FROM NEW.counts -> 'future'
  OR OLD.counts -> 'visitFull' IS DISTINCT FROM NEW.counts -> 'visitFull'
)
EXECUTE FUNCTION count_set_aside();

CREATE VIEW set_aside AS
SELECT hour, partition, reason, count FROM set_aside_hour;

COMMENT ON VIEW set_aside IS
  'Late events and dead letters by the hour, since this view is there. They themselves are in their topics.';
COMMENT ON COLUMN set_aside.hour IS 'Beginning of the hour (UTC) by the log''s arrival clock when they were set aside.';
COMMENT ON COLUMN set_aside.partition IS 'Input partition that they came from.';
COMMENT ON COLUMN set_aside.reason IS 'late, or that of the dead letter: undecodable, invalid, future or visit_full.';
COMMENT ON COLUMN set_aside.count IS 'How many: events where they could be read, else records.';
