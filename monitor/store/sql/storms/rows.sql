-- The incidents of a storm as its digest lists them: what goes on first, the worst first.
SELECT i.id, i.workflow, i.state, i.severity, c.page ->> 'headline' AS headline
FROM storm_members AS m
JOIN incidents_raw AS i ON i.id = m.incident
JOIN changes_raw AS c ON c.incident = i.id AND c.number = i.number
WHERE m.storm = $storm
ORDER BY i.state = 'resolved', i.severity = 'page' DESC, i.severity = 'ticket' DESC, i.opened_at, i.id
LIMIT $most
