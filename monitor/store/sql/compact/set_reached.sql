-- Remembers the mark up to which counts are compacted.
INSERT INTO progress VALUES ('compacted', make_timestamp(CAST($mark AS BIGINT)))
ON CONFLICT (name) DO UPDATE SET reached = excluded.reached
