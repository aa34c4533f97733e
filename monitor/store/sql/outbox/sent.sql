-- Notes a receipt `sent`: done, unless a newer change was asked for meanwhile.
UPDATE outbox
SET sent = $number, sending = false, attempt = 0, tries = 0, reason = NULL, handle = CAST($handle AS JSON),
    state = CASE WHEN wanted > $number THEN 'due' ELSE 'sent' END
WHERE incident = $incident AND sink = $sink
