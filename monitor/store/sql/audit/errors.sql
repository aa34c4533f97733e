-- How often each step of a workflow failed in a span, by the system whose call failed in it and the class of that error; NULL where
-- no call did.
SELECT step, CASE WHEN integration.status <> 'ok' THEN integration.system END AS system,
       CASE WHEN integration.status <> 'ok' THEN integration.error_class END AS class, count(*) AS n
FROM events
WHERE type = 'step' AND workflow = $workflow AND counted
  AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
  AND NOT coalesce(retried, false) AND outcome IN ('failure', 'timeout', 'abandoned')
GROUP BY ALL
ORDER BY n DESC, step, system, class
