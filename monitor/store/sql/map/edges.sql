-- Over every $every-th interaction of a workflow in a span: in how many one step followed another, by the order of events. "from"
-- is NULL where the interaction begins, "to" where it ends, with how it ended (NULL: not yet, or nobody says).
WITH runs AS (
    SELECT interaction_id, step, row_number() OVER along AS place, lead(step) OVER along AS following
    FROM events
    WHERE type = 'step' AND workflow = $workflow AND counted
      AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
      AND outcome <> 'skipped' AND attempt = 1 AND hash(interaction_id) % CAST($every AS UBIGINT) = 0
    WINDOW along AS (PARTITION BY interaction_id ORDER BY ts, step_index, stream, "offset", idx)
),
moves AS (
    SELECT r.interaction_id, r.step AS "from", r.following AS "to", CASE WHEN r.following IS NULL THEN e.outcome END AS outcome
    FROM runs AS r
    LEFT JOIN ({map/ended}) AS e ON e.interaction_id = r.interaction_id
    UNION ALL
    SELECT interaction_id, NULL, step, NULL FROM runs WHERE place = 1
)
SELECT "from", "to", outcome, count(DISTINCT interaction_id) AS n
FROM moves
GROUP BY "from", "to", outcome
ORDER BY n DESC, "from", "to", outcome
