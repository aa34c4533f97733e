-- The series of a workflow that were bad in an incident that was open at an instant, with its beginning (epoch seconds).
WITH told AS (
    SELECT incident, arg_max(state, number) AS state
    FROM changes_raw
    WHERE changed_at <= make_timestamp(CAST($until AS BIGINT) * 1000000)
    GROUP BY incident
)
SELECT i.id, m.signal, m.step, CAST(epoch(coalesce(i.onset, i.opened_at)) AS BIGINT) AS began_at
FROM told AS t
JOIN incidents_raw AS i ON i.id = t.incident
JOIN incident_members AS m ON m.incident = t.incident
WHERE t.state <> 'resolved' AND i.workflow = $workflow AND i.about = 'agents'
  AND m.joined_at <= make_timestamp(CAST($until AS BIGINT) * 1000000)
  AND (m.resolved_at IS NULL OR m.resolved_at > make_timestamp(CAST($until AS BIGINT) * 1000000))
ORDER BY i.opened_at, i.id, m.place
