-- A storm, and the newest version of its digest that was asked for.
SELECT CAST(epoch(s.began_at) AS BIGINT) AS began_at, CAST(epoch(s.ended_at) AS BIGINT) AS ended_at, s.severity, s.raised, o.wanted
FROM storms AS s
LEFT JOIN outbox AS o ON o.incident = s.id AND o.sink = s.sink
WHERE s.id = $storm
