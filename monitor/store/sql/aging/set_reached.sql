-- Moves how far a job has come, never back: before `forgotten` events have left, before `coarse` minutes are summed.
INSERT INTO progress VALUES ($name, make_timestamp(CAST($at AS BIGINT) * 1000000))
ON CONFLICT (name) DO UPDATE SET reached = greatest(reached, excluded.reached)
