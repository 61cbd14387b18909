ALTER TABLE trouble ADD COLUMN waits text NOT NULL DEFAULT '[]';
COMMENT ON COLUMN trouble.waits IS
  'What partitions wait for, as JSON: partition, for, since (ms since the epoch), why. Told again every few seconds while it lasts.';
