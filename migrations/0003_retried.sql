CREATE TABLE retried (
  partition integer NOT NULL,
  source_offset bigint NOT NULL,
  index integer NOT NULL,
  from_offset bigint NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT now(),
  sent_at timestamptz,
  PRIMARY KEY (partition, source_offset, index)
);
COMMENT ON TABLE retried IS
  'Dead letters that were sent to the input again, by where the record that was set aside lay in the input: see '
  'set-aside/retry.ts.';
COMMENT ON COLUMN retried.index IS 'Of the event in its record.';
COMMENT ON COLUMN retried.from_offset IS 'The end of the input partition before it was sent: it lies there or behind.';
COMMENT ON COLUMN retried.sent_at IS 'Null: it was about to be sent, and it is not known yet whether it was.';
