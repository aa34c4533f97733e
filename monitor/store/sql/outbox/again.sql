-- Puts pages back that a sink refused, or any sink: what was wrong may have been mended, for it takes pages again, or we start.
UPDATE outbox SET state = 'due', due_at = make_timestamp(CAST($now AS BIGINT) * 1000000)
WHERE state = 'refused' AND wanted > sent AND ($sink IS NULL OR sink = $sink)
