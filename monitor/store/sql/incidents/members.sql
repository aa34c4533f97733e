-- The members of an incident, the leading one first.
SELECT detector, signal, workflow, step, segment, direction, CAST(epoch(joined_at) AS BIGINT) AS joined_at,
       CAST(epoch(resolved_at) AS BIGINT) AS resolved_at, CAST(verdict AS VARCHAR) AS verdict
FROM incident_members
WHERE incident = $incident
ORDER BY place
