-- The changes of an incident, oldest first, with their pages.
SELECT number, CAST(epoch(changed_at) AS BIGINT) AS at, change, state_before, state, severity_before, severity, raised, reason,
       CAST(page AS VARCHAR) AS page
FROM changes_raw
WHERE incident = $incident AND number > $after
ORDER BY number
