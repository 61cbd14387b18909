-- Late events and dead letters by the hour, for people. Their sums since the first offset are in partition_state; what a commit
-- adds to them it adds to their hour here, and a commit that adds none writes nothing here. A trigger on partition_state would
-- do as well, and cost each commit 60 µs.
--
-- The hour is that of the log's arrival clock after the commit.
CREATE TABLE set_aside_hour (
  partition integer NOT NULL,
  hour timestamptz NOT NULL,
  reason text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (partition, hour, reason)
) WITH (fillfactor = 50);
COMMENT ON TABLE set_aside_hour IS 'Events and records that no visit took, by the hour; no row is of two partitions.';

CREATE VIEW set_aside AS
SELECT hour, partition, reason, count FROM set_aside_hour;

COMMENT ON VIEW set_aside IS
  'Late events and dead letters by the hour, since this view is there. They themselves are in their topics.';
COMMENT ON COLUMN set_aside.hour IS 'Beginning of the hour (UTC) by the log''s arrival clock when they were set aside.';
COMMENT ON COLUMN set_aside.partition IS 'Input partition that they came from.';
COMMENT ON COLUMN set_aside.reason IS 'late, or that of the dead letter: undecodable, invalid, future or visit_full.';
COMMENT ON COLUMN set_aside.count IS 'How many: events where they could be read, else records.';
