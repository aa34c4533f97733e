-- Incidents with the headline of their newest page: open ones first, the gravest first, then the newest. One whose acknowledgement
-- waits to be taken on is acknowledged already.
SELECT i.id, i.about,
       CASE WHEN i.state = 'open' AND a.who IS NOT NULL THEN 'acknowledged' ELSE i.state END AS state, i.severity, i.workflow,
       m.step, c.page ->> 'headline' AS headline, CAST(epoch(i.opened_at) AS BIGINT) AS opened_at,
       CAST(epoch(coalesce(i.acknowledged_at, a.asked_at)) AS BIGINT) AS acknowledged_at,
       coalesce(i.acknowledged_by, a.who) AS acknowledged_by, CAST(epoch(i.resolved_at) AS BIGINT) AS resolved_at
FROM incidents_raw AS i
LEFT JOIN incident_members AS m ON m.incident = i.id AND m.place = 0
LEFT JOIN changes_raw AS c ON c.incident = i.id AND c.number = i.number
LEFT JOIN (
    SELECT incident, arg_min(who, (asked_at, id)) AS who, min(asked_at) AS asked_at
    FROM acknowledgements
    WHERE number IS NULL
    GROUP BY incident
) AS a ON a.incident = i.id AND i.state = 'open'
WHERE ($incident IS NULL OR i.id = $incident)
  AND ($since IS NULL OR i.resolved_at IS NULL OR i.resolved_at >= make_timestamp(CAST($since AS BIGINT) * 1000000))
ORDER BY i.state = 'resolved', CASE i.severity WHEN 'page' THEN 0 WHEN 'ticket' THEN 1 ELSE 2 END, i.opened_at DESC, i.id
LIMIT $limit
