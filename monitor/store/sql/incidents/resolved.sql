-- Incidents about the agents that ended after an instant, in the order of their ends.
SELECT id, workflow, state, severity, CAST(epoch(opened_at) AS BIGINT) AS opened_at, CAST(epoch(onset) AS BIGINT) AS onset,
       CAST(epoch(acknowledged_at) AS BIGINT) AS acknowledged_at, acknowledged_by,
       CAST(epoch(resolved_at) AS BIGINT) AS resolved_at, number, coalesce(t.size, 0) AS told
FROM incidents_raw AS i
LEFT JOIN incident_told AS t ON t.incident = i.id
WHERE state = 'resolved' AND about = 'agents' AND resolved_at > make_timestamp(CAST($since AS BIGINT) * 1000000)
ORDER BY resolved_at, id
