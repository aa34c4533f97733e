-- Incidents of a storm without a message of their own, and what each was asked for last.
SELECT m.incident, i.about, o.wanted
FROM storm_members AS m
JOIN storms AS s ON s.id = m.storm
JOIN incidents_raw AS i ON i.id = m.incident
JOIN outbox AS o ON o.incident = m.incident AND o.sink = s.sink
WHERE m.storm = $storm AND NOT m.apart
ORDER BY m.incident
