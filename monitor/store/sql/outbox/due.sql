-- What is to be sent now to one sink, oldest first: pages before tickets.
SELECT o.incident, o.sink, o.wanted, o.sent, o.tries, o.attempt, o.sending, CAST(o.handle AS VARCHAR) AS handle,
       CAST(epoch(o.wanted_at) AS BIGINT) AS wanted_at
FROM outbox AS o
JOIN incidents_raw AS i ON i.id = o.incident
WHERE o.state = 'due' AND o.sink = $sink AND o.due_at <= make_timestamp(CAST($now AS BIGINT) * 1000000)
ORDER BY i.severity = 'page' DESC, o.wanted_at, o.incident
LIMIT 1
