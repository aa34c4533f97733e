-- Keeps a page back until the mute ends; a change that was asked for meanwhile is looked at by itself.
UPDATE outbox SET state = 'held', reason = $reason, due_at = make_timestamp(CAST($until AS BIGINT) * 1000000)
WHERE incident = $incident AND sink = $sink AND wanted = $number
