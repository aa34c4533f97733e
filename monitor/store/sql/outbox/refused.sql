-- Notes a receipt `refused`: not tried again until a newer change is asked for, or until $again where a sink wants repeats.
UPDATE outbox
SET sending = false, attempt = 0, state = 'refused', reason = $reason,
    due_at = make_timestamp(CAST($again AS BIGINT) * 1000000)
WHERE incident = $incident AND sink = $sink AND wanted = $number
