-- How many incidents of a storm are told by nothing else and go on, and the worst severity of all of them.
SELECT count(*) FILTER (WHERE NOT m.apart AND i.state <> 'resolved') AS left,
       CASE WHEN bool_or(i.severity = 'page') THEN 'page' WHEN bool_or(i.severity = 'ticket') THEN 'ticket' ELSE 'watch' END AS severity
FROM storm_members AS m
JOIN incidents_raw AS i ON i.id = m.incident
WHERE m.storm = $storm
