-- What each sink shows of an incident, and what waits there.
SELECT o.sink, o.state, o.wanted, o.sent, greatest(o.sent, coalesce(e.number, 0)) AS shown, CAST(epoch(o.due_at) AS BIGINT) AS due_at,
       o.tries, o.reason
FROM outbox AS o
LEFT JOIN outbox_edited AS e ON e.incident = o.incident AND e.sink = o.sink
WHERE o.incident = $incident
ORDER BY o.sink
