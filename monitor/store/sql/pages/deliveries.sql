-- What each sink answered to the newest change of an incident.
SELECT sink, state, CAST(epoch(wanted_at) AS BIGINT) AS wanted_at, reason FROM outbox WHERE incident = $incident ORDER BY sink
