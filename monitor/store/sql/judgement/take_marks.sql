-- From the tick that begins at an instant (epoch seconds) on, the decisions that waited are in force.
UPDATE baseline_marks SET taken_at = make_timestamp(CAST($at AS BIGINT) * 1000000)
WHERE taken_at IS NULL AND list_contains(CAST($ids AS VARCHAR[]), id)
