-- Notes a receipt `retry`: due again later; an ambiguous one keeps its attempts, so that the sink looks for it first.
UPDATE outbox
SET sending = false, tries = tries + 1, reason = $reason, handle = CAST($handle AS JSON),
    attempt = CASE WHEN $ambiguous THEN attempt ELSE attempt - 1 END,
    due_at = make_timestamp(CAST($due AS BIGINT) * 1000000)
WHERE incident = $incident AND sink = $sink
