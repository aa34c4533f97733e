-- Puts pages back that a sink refused: what was wrong with it may have been mended before this start.
UPDATE outbox SET state = 'due', due_at = make_timestamp(CAST($now AS BIGINT) * 1000000)
WHERE state = 'refused' AND wanted > sent
