-- Notes a receipt `refused`: not tried again until a newer change is asked for.
UPDATE outbox SET sending = false, attempt = 0, state = 'refused', reason = $reason
WHERE incident = $incident AND sink = $sink AND wanted = $number
