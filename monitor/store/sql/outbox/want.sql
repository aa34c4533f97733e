-- Asks a sink to show a newer change of an incident it already shows; no row is touched where it shows none.
UPDATE outbox
SET wanted = $number, state = 'due', due_at = make_timestamp(CAST($at AS BIGINT) * 1000000),
    wanted_at = make_timestamp(CAST($at AS BIGINT) * 1000000)
WHERE incident = $incident AND sink = $sink
