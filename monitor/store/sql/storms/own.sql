-- The storm of a sink in which an incident has no message of its own yet; the newest one.
SELECT s.id AS storm, s.ended_at IS NOT NULL AS ended
FROM storm_members AS m
JOIN storms AS s ON s.id = m.storm
WHERE m.incident = $incident AND s.sink = $sink AND NOT m.apart
ORDER BY s.began_at DESC, s.id
LIMIT 1
