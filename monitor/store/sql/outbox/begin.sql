-- Notes that a page is about to leave: without a receipt after a crash it may have arrived.
UPDATE outbox SET state = CASE WHEN state = 'held' THEN 'due' ELSE state END, sending = true, attempt = attempt + 1
WHERE incident = $incident AND sink = $sink
