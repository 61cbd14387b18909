-- Makes the ranges of a month: see postgres/ranges.ts. A partition can be attached by the owner of its table alone, so this
-- runs with the rights of whoever owns the tables, and who folds needs none but to call it.
--
-- Schema and tables follow from `visits`, ended_visit as the caller finds it, because a schema can be renamed. It has to be
-- the owner's: what a table of another brings along (checks, defaults) must not run with these rights.
--
-- Rows of 2 to 8 KB stay in their page as they are; otherwise they would be compressed when written, which costs more than
-- all the rest. For a look-up by session the index of sessions is the best whatever a sample of the table says: one that
-- was taken when it held a few visits of one session would have all of the month read instead.
CREATE FUNCTION make_ranges(visits regclass, month text, first uuid, next uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  home name;
  parent name;
  part name;
BEGIN
  SELECT n.nspname INTO home FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = visits AND c.relname = 'ended_visit' AND pg_has_role(c.relowner, 'USAGE');
  IF home IS NULL OR month !~ '^[0-9]+_[0-9][0-9]$' THEN
    RAISE EXCEPTION 'no ranges of % for month %', visits, month;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('tidemark ranges'), hashtext(home));
  FOREACH parent IN ARRAY ARRAY['ended_visit', 'visit_chunk', 'visit_revision'] LOOP
    part := parent || '_' || month;
    CONTINUE WHEN to_regclass(format('%I.%I', home, part)) IS NOT NULL;
    EXECUTE format('CREATE TABLE %I.%I (LIKE %I.%I INCLUDING ALL) WITH (toast_tuple_target = 8160)',
      home, part, home, parent);
    IF parent = 'ended_visit' THEN
      EXECUTE format('ALTER TABLE %I.%I ALTER COLUMN session_id SET (n_distinct = -0.5)', home, part);
    END IF;
    EXECUTE format('ALTER TABLE %I.%I ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)',
      home, parent, home, part, first, next);
  END LOOP;
END $$;
COMMENT ON FUNCTION make_ranges IS 'Makes the ranges of ended_visit, visit_chunk and visit_revision for a month, if need be.';
REVOKE ALL ON FUNCTION make_ranges FROM PUBLIC;
