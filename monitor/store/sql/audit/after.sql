-- Over every $every-th interaction of a workflow in a span whose end is known: how many of those in which a step took a failure branch
-- ended well, and of those in which it took none.
WITH runs AS (
    SELECT DISTINCT interaction_id, step, coalesce(failure_branch, 'none') AS branch
    FROM events
    WHERE type = 'step' AND workflow = $workflow AND counted
      AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
      AND outcome <> 'skipped' AND hash(interaction_id) % CAST($every AS UBIGINT) = 0
)
SELECT r.step, r.branch, count(*) AS n, count(*) FILTER (e.outcome = 'success') AS well
FROM runs AS r
JOIN ({map/ended}) AS e ON e.interaction_id = r.interaction_id AND e.outcome IN ('success', 'failure', 'timeout', 'abandoned')
GROUP BY r.step, r.branch
ORDER BY r.step, r.branch
