-- Incidents of a storm that go on and that no other sink is asked for, after a name, in its order.
SELECT m.incident, i.about, o.wanted
FROM storm_members AS m
JOIN storms AS s ON s.id = m.storm
JOIN incidents_raw AS i ON i.id = m.incident
JOIN outbox AS o ON o.incident = m.incident AND o.sink = s.sink
WHERE m.storm = $storm AND NOT m.apart AND i.state <> 'resolved' AND m.incident > $after
  AND NOT EXISTS (FROM outbox AS other WHERE other.incident = m.incident AND other.sink <> s.sink)
ORDER BY m.incident
LIMIT 100
