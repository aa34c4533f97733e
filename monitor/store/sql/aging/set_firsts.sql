-- Remembers up to which arrival (microseconds) first sights are kept.
INSERT INTO progress VALUES ('firsts', make_timestamp(CAST($until AS BIGINT)))
ON CONFLICT (name) DO UPDATE SET reached = excluded.reached
