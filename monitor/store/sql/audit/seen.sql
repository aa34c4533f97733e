-- When each step, system and source of a workflow was first and last seen before an instant, and when the workflow was (step NULL);
-- epoch seconds.
SELECT s.signal, s.step, CAST(epoch(min(c.minute)) AS BIGINT) AS first_at, CAST(epoch(max(c.minute)) AS BIGINT) AS last_at
FROM counts AS c
JOIN series AS s ON s.id = c.series
WHERE s.workflow = $workflow AND s.signal IN ('steps', 'interactions', 'integration_failure', 'unpinned_source')
  AND c.minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
GROUP BY s.signal, s.step
ORDER BY s.signal, s.step
