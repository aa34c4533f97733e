-- Acknowledgements that wait to be taken on, of incidents about the agents or about ourselves, oldest first.
SELECT a.id, a.incident, a.who, a.why, CAST(epoch(a.asked_at) AS BIGINT) AS at
FROM acknowledgements AS a
JOIN incidents_raw AS i ON i.id = a.incident
WHERE a.number IS NULL AND i.about = $about
ORDER BY a.asked_at, a.id
