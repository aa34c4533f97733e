-- The sinks that an incident was sent to.
SELECT sink FROM outbox WHERE incident = $incident ORDER BY sink
