-- The incidents of a storm that go on and that nothing else tells, and how bad each is.
SELECT m.incident, i.about, i.severity
FROM storm_members AS m
JOIN incidents_raw AS i ON i.id = m.incident
WHERE m.storm = $storm AND NOT m.apart AND i.state <> 'resolved'
ORDER BY m.incident
