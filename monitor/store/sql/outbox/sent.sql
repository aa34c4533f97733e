-- Notes a receipt `sent`: done until $again, unless a newer change was asked for meanwhile.
UPDATE outbox
SET sent = $number, sending = false, attempt = 0, tries = 0, reason = NULL, handle = CAST($handle AS JSON),
    state = CASE WHEN wanted > $number THEN 'due' ELSE 'sent' END,
    due_at = CASE WHEN wanted > $number THEN due_at ELSE make_timestamp(CAST($again AS BIGINT) * 1000000) END
WHERE incident = $incident AND sink = $sink
