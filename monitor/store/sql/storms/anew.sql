-- Counts the age of a page from now on: until now its storm told it.
UPDATE outbox SET wanted_at = make_timestamp(CAST($now AS BIGINT) * 1000000) WHERE incident = $incident AND sink = $sink
