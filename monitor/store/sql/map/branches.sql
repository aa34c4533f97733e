-- For each step of a workflow in a span: how often it took each failure branch, `none` among them, and when last (epoch seconds).
SELECT step, failure_branch AS branch, count(*) AS n, CAST(epoch(max(ts)) AS BIGINT) AS last_at
FROM events
WHERE type = 'step' AND workflow = $workflow AND counted
  AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
GROUP BY step, failure_branch
ORDER BY step, n DESC, branch
