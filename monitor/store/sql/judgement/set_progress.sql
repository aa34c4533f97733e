-- Remembers how far a job has come.
INSERT INTO progress VALUES ($name, make_timestamp(CAST($at AS BIGINT) * 1000000))
ON CONFLICT (name) DO UPDATE SET reached = excluded.reached
