-- Remembers the mark up to which rows of counts are judged.
INSERT INTO progress VALUES ('folded', make_timestamp(CAST($mark AS BIGINT)))
ON CONFLICT (name) DO UPDATE SET reached = excluded.reached
