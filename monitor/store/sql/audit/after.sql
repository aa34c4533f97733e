-- Over every $every-th interaction of a workflow in a span whose end is known: how many of those in which a step took a failure branch
-- ended well, and of those in which it took none.
WITH runs AS (
    SELECT DISTINCT interaction_id, step, coalesce(failure_branch, 'none') AS branch
    FROM events
    WHERE type = 'step' AND workflow = $workflow AND counted
      AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
      AND outcome <> 'skipped' AND hash(interaction_id) % CAST($every AS UBIGINT) = 0
),
ends AS (
    SELECT interaction_id, arg_max(outcome, ts) = 'success' AS well
    FROM events
    WHERE type = 'interaction' AND workflow = $workflow AND counted
      AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
      AND hash(interaction_id) % CAST($every AS UBIGINT) = 0
    GROUP BY interaction_id
    HAVING arg_max(outcome, ts) IN ('success', 'failure', 'timeout', 'abandoned')
)
SELECT r.step, r.branch, count(*) AS n, count(*) FILTER (e.well) AS well
FROM runs AS r
JOIN ends AS e ON e.interaction_id = r.interaction_id
GROUP BY r.step, r.branch
ORDER BY r.step, r.branch
