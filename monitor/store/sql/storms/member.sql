-- The last storm that an incident was told in, where it has no message of its own beside: how bad it was then, and the storm's span.
SELECT s.id AS storm, m.severity, CAST(epoch(s.began_at) AS BIGINT) AS began_at, s.ended_at IS NOT NULL AS ended
FROM storm_members AS m
JOIN storms AS s ON s.id = m.storm
WHERE m.incident = $incident AND s.sink = $sink AND NOT m.apart
ORDER BY s.began_at DESC, s.id
LIMIT 1
