-- Every $every-th interaction of a workflow in a span: how it ended (NULL: not yet, or nobody says), whether its producer called it
-- a success, whether it has steps, and whether one of them failed in the end.
WITH each AS (
    SELECT interaction_id,
           arg_max(outcome, ts) FILTER (type = 'interaction') AS outcome,
           coalesce(arg_max(stated_outcome, ts) FILTER (type = 'interaction') = 'success', false) AS stated_well,
           bool_or(type = 'step') AS stepped,
           coalesce(bool_or(type = 'step' AND NOT coalesce(retried, false) AND outcome IN ('failure', 'timeout', 'abandoned')), false) AS failed
    FROM events
    WHERE workflow = $workflow AND counted
      AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
      AND hash(interaction_id) % CAST($every AS UBIGINT) = 0
    GROUP BY interaction_id
)
SELECT outcome, stated_well, stepped, failed, count(*) AS n
FROM each
GROUP BY outcome, stated_well, stepped, failed
ORDER BY outcome, stated_well, stepped, failed
