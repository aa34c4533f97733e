-- Staged runs of a workflow in a span, demos and all that is not production: trials of each step (of whole interactions, step NULL) and
-- bad ones.
SELECT CASE WHEN type = 'step' THEN step END AS step, count(*) AS n, count(*) FILTER (outcome <> 'success') AS bad
FROM events
WHERE workflow = $workflow AND NOT counted
  AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
  AND (demo OR environment <> 'production')
  AND NOT (type = 'step' AND coalesce(retried, false)) AND outcome IN ('success', 'failure', 'timeout', 'abandoned')
GROUP BY ALL
ORDER BY ALL
