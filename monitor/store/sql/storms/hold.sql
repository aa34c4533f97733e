-- Keeps back, until an instant, what is told in a storm and nobody asked for anything newer of.
UPDATE outbox SET state = 'held', reason = $reason, due_at = make_timestamp(CAST($until AS BIGINT) * 1000000)
WHERE sink = $sink AND (state = 'held' OR incident = $incident)
  AND incident IN (SELECT incident FROM storm_members WHERE storm = $storm AND NOT apart)
