-- Private tables. Programs and people read the views of the next migration; what is here may change with any version.
-- All of it lands in the schema that search_path names, and nothing says that name: a schema can be renamed.
--
-- Text ids are COLLATE "C": compared as UTF-8 bytes, in whatever locale the database was made.
-- Lower fillfactors leave room for HOT updates, which need that no index is on a column that an update changes.

CREATE TABLE meta (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  input_topic text NOT NULL,
  partitions integer NOT NULL,
  settings jsonb NOT NULL,
  output_schema_id integer,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE meta IS 'One row: what the state in this schema was folded from, and under which deciding settings.';

CREATE TABLE partition_state (
  partition integer PRIMARY KEY,
  epoch bigint NOT NULL,
  commit_number bigint NOT NULL DEFAULT 0,
  next_offset bigint NOT NULL DEFAULT 0,
  sequence bigint NOT NULL DEFAULT 0,
  published bigint NOT NULL DEFAULT 0,
  arrival_clock bigint,
  event_clock bigint,
  anticipated_to bigint,
  last_offset bigint,
  last_digest text,
  amendable jsonb NOT NULL DEFAULT '[]',
  counts jsonb NOT NULL DEFAULT '{}',
  started boolean NOT NULL DEFAULT false,
  owner text,
  owner_role oid,
  owner_pid integer,
  owner_started timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 20, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
COMMENT ON TABLE partition_state IS
  'A row per input partition: the fence (epoch, next offset, commit number), both clocks in ms, and who owns it.';

-- Times that no view shows are ms since 1970, which are received for a fifth of what a timestamptz costs.
-- The columns of ended_visit are those of open_visit, and decided_at.
CREATE TABLE open_visit (
  visit_id uuid NOT NULL,
  started_at timestamptz NOT NULL,
  last_event_at timestamptz NOT NULL,
  last_arrival bigint NOT NULL,
  ended_watermark bigint,
  amendable_until bigint,
  opened_offset bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  partition integer NOT NULL,
  opened_index integer NOT NULL,
  event_count integer NOT NULL,
  page_view_count integer NOT NULL,
  late_event_count integer NOT NULL,
  published integer NOT NULL,
  debug boolean NOT NULL,
  session_id text COLLATE "C" NOT NULL,
  profile_id text COLLATE "C",
  source_id text COLLATE "C",
  reason text,
  seal text,
  entry_page text,
  exit_page text,
  referrer text,
  utm_source text,
  utm_medium text,
  utm_campaign text,
  utm_term text,
  utm_content text,
  device_type text,
  device_brand text,
  device_model text,
  os text,
  browser text,
  country text,
  region text,
  city text,
  context text NOT NULL,
  fold bytea NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE open_visit IS 'Visits that have not ended. Small: all of a partition is loaded when it is taken over.';
COMMENT ON COLUMN open_visit.context IS
  'JSON as text: comes back as it was written, so that a visit that is loaded equals the one that was committed, and is '
  'not parsed when it is written.';
COMMENT ON COLUMN open_visit.fold IS 'What only the fold needs: fold-state.ts has its layout.';
ALTER TABLE open_visit ADD PRIMARY KEY (visit_id);
CREATE INDEX open_visit_partition ON open_visit (partition, visit_id);
-- A session has few open visits at a time, so a hash has no long chains, and costs half of a tree.
CREATE INDEX open_visit_session ON open_visit USING hash (session_id);
CREATE INDEX open_visit_profile ON open_visit (profile_id, session_id) WHERE profile_id IS NOT NULL;

-- Ranges of visit_id are months: its first 48 bits are the time of the record that opened it, in ms. They are made
-- when a commit first needs one (ranges.ts). There is no default partition: a row in it would keep the range of its
-- month from being attached, and every attachment would have to scan it under a lock that stops all writers.
CREATE TABLE ended_visit (
  LIKE open_visit INCLUDING DEFAULTS INCLUDING COMMENTS,
  decided_at timestamptz
) PARTITION BY RANGE (visit_id);
COMMENT ON TABLE ended_visit IS 'Visits that have ended, by month of their opening.';
COMMENT ON COLUMN ended_visit.decided_at IS
  'Of the revision that this row itself is, the visit''s last: it moves to visit_revision when the row changes or goes. '
  'Null: the last revision, if there is one, is in visit_revision already.';
ALTER TABLE ended_visit ADD PRIMARY KEY (visit_id);
CREATE INDEX ended_visit_session ON ended_visit (session_id);
CREATE INDEX ended_visit_profile ON ended_visit (profile_id) WHERE profile_id IS NOT NULL;
-- Visits come in the order in which they ended, so that time goes with place: a thousandth of a btree, and free to keep.
CREATE INDEX ended_visit_start ON ended_visit USING brin (started_at) WITH (pages_per_range = 32, autosummarize = on);
-- For copies of what changed since the last look, which would read all visits otherwise.
CREATE INDEX ended_visit_updated ON ended_visit USING brin (updated_at) WITH (pages_per_range = 32, autosummarize = on);

CREATE TABLE visit_chunk (
  visit_id uuid NOT NULL,
  event_uuids bytea,
  event_ids text[],
  types text NOT NULL,
  times bytea NOT NULL,
  pages text,
  properties jsonb[]
) PARTITION BY RANGE (visit_id);
COMMENT ON TABLE visit_chunk IS
  'Events of a visit, one row or a few per visit and commit, never updated; what is in the columns runs side by side. '
  'One value that is taken as it comes costs a tenth of an array of ten.';
COMMENT ON COLUMN visit_chunk.event_uuids IS '16 bytes each, where all ids are UUIDs in canonical form; else null.';
COMMENT ON COLUMN visit_chunk.event_ids IS 'Null where event_uuids is not.';
COMMENT ON COLUMN visit_chunk.types IS 'A JSON array; of one element where all have the same.';
COMMENT ON COLUMN visit_chunk.times IS '6 bytes each, big end first: ms since 1970.';
COMMENT ON COLUMN visit_chunk.pages IS 'A JSON array; null where none has a page.';
COMMENT ON COLUMN visit_chunk.properties IS 'Null where none has properties.';
CREATE INDEX visit_chunk_visit ON visit_chunk (visit_id);

CREATE TABLE visit_alias (
  visit_id uuid PRIMARY KEY,
  survivor uuid NOT NULL
);
COMMENT ON TABLE visit_alias IS
  'Visits merged away: their chunks are the survivor''s. Always in one step: a survivor is no visit merged away.';
CREATE INDEX visit_alias_survivor ON visit_alias (survivor);

CREATE TABLE visit_revision (
  visit_id uuid NOT NULL,
  merged_into uuid,
  started_at timestamptz NOT NULL,
  ended_at timestamptz NOT NULL,
  decided_at timestamptz NOT NULL,
  revision integer NOT NULL,
  event_count integer NOT NULL,
  retracted boolean NOT NULL,
  reason text NOT NULL
) PARTITION BY RANGE (visit_id);
COMMENT ON TABLE visit_revision IS
  'What was said of each visit, never changed: all but what the visit''s row in ended_visit says itself (decided_at).';
ALTER TABLE visit_revision ADD PRIMARY KEY (visit_id, revision);

-- No row is shared by two partitions, so that no two processors ever wait for each other: the view sums the parts.
-- Nullable, because nothing but losses has no first and last seen.
CREATE TABLE profile_part (
  profile_id text COLLATE "C" NOT NULL,
  partition integer NOT NULL,
  visit_count bigint NOT NULL,
  event_count bigint NOT NULL,
  page_view_count bigint NOT NULL,
  duration_ms bigint NOT NULL,
  first_seen_at timestamptz,
  last_seen_at timestamptz,
  PRIMARY KEY (profile_id, partition)
) WITH (fillfactor = 80);
COMMENT ON TABLE profile_part IS
  'What the ended visits of one partition give to a profile; open ones are added where it is read. Gone with the last.';

CREATE TABLE profile_trait (
  profile_id text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  partition integer NOT NULL,
  t timestamptz NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  session_id text COLLATE "C" NOT NULL,
  value jsonb,
  PRIMARY KEY (profile_id, key, partition)
) WITH (fillfactor = 80);
COMMENT ON TABLE profile_trait IS
  'The last write of each trait in each partition, by (t, event_id, session_id). A null value unsets: it is kept, '
  'because a write that is earlier by that order may come later.';

CREATE TABLE outbox (
  partition integer NOT NULL,
  first_sequence bigint NOT NULL,
  next_sequence bigint NOT NULL,
  bytes integer NOT NULL,
  PRIMARY KEY (partition, first_sequence)
) WITH (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
COMMENT ON TABLE outbox IS 'Messages not yet known to be published: a row per commit, their bytes in outbox_piece.';

CREATE TABLE outbox_piece (
  partition integer NOT NULL,
  first_sequence bigint NOT NULL,
  piece integer NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (partition, first_sequence, piece)
) WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0);
-- A piece fills a page and lives for seconds: rows of TOAST, four for each, cost twice as much, and so would compression.
ALTER TABLE outbox_piece ALTER COLUMN payload SET STORAGE PLAIN;
COMMENT ON TABLE outbox_piece IS 'The payload of a row of outbox, cut to what fits into a page.';

CREATE TABLE writer_schema (
  partition integer NOT NULL,
  id integer NOT NULL,
  schema text NOT NULL,
  commit_number bigint NOT NULL,
  from_offset bigint NOT NULL,
  first_used_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (partition, id)
);
COMMENT ON TABLE writer_schema IS
  'Avro schemas that a partition''s records were written with, by registry id, with the commit that first used each and '
  'the offset from which it did: records before it that name the id could not be decoded.';
