-- The members of an incident, the leading one first; before them, at places below 0, what was bad and recovered before, the latest first.
SELECT detector, signal, workflow, step, segment, direction, place, CAST(epoch(joined_at) AS BIGINT) AS joined_at,
       CAST(epoch(resolved_at) AS BIGINT) AS resolved_at, CAST(verdict AS VARCHAR) AS verdict
FROM incident_members
WHERE incident = $incident
ORDER BY place
