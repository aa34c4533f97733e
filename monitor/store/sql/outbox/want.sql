-- Asks a sink to show a newer change of an incident it already shows; no row is touched where it shows none.
-- One that waits already goes on waiting: a sink that said when to come back is not asked earlier, and its age counts
-- from the first change that was not told.
UPDATE outbox
SET wanted = $number, state = 'due',
    due_at = CASE WHEN state = 'due' THEN due_at ELSE make_timestamp(CAST($at AS BIGINT) * 1000000) END,
    wanted_at = CASE WHEN state = 'due' THEN wanted_at ELSE make_timestamp(CAST($at AS BIGINT) * 1000000) END
WHERE incident = $incident AND sink = $sink
