-- Incidents with the headline of their newest page: open ones first, the gravest first, then the newest.
SELECT i.id, i.state, i.severity, i.workflow, CAST(epoch(i.opened_at) AS BIGINT) AS opened_at,
       CAST(epoch(i.resolved_at) AS BIGINT) AS resolved_at, m.step, c.page ->> 'headline' AS headline,
       c.page ->> 'summary' AS summary
FROM incidents_raw AS i
LEFT JOIN incident_members AS m ON m.incident = i.id AND m.place = 0
LEFT JOIN changes_raw AS c ON c.incident = i.id AND c.number = i.number
WHERE $workflow IS NULL OR i.workflow = $workflow
ORDER BY i.state = 'resolved', CASE i.severity WHEN 'page' THEN 0 WHEN 'ticket' THEN 1 ELSE 2 END, i.opened_at DESC, i.id
LIMIT $limit
