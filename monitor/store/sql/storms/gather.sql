-- Keeps the incidents that are shown as `gathered` back until an instant.
UPDATE outbox SET state = 'held', reason = $reason, due_at = make_timestamp(CAST($until AS BIGINT) * 1000000)
WHERE sink = $sink AND incident IN (SELECT incident FROM gathered)
