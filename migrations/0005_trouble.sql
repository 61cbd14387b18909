CREATE TABLE trouble (
  processor text PRIMARY KEY,
  text text NOT NULL,
  told_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE trouble IS
  'What keeps a processor from its work that others cannot see, for `status`. Told again every minute while it lasts.';
