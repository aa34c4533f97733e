-- Notes that a sink shows a change by an edit, and was not told of it: what it was not told stays due.
UPDATE outbox SET sending = false, attempt = 0, tries = 0, reason = NULL, handle = CAST($handle AS JSON)
WHERE incident = $incident AND sink = $sink
