-- For each step of a workflow in a span, over every $every-th interaction: trials and bad ones, questions and those asked again, by how
-- many minutes the interaction had run, by its turn and by how full its context was; each as the number of bounds that are reached.
WITH runs AS (
    SELECT step, step_kind, outcome, coalesce(retried, false) AS retried, reask,
           elapsed_s / 60 AS minute, turn_index AS turn, context_tokens / nullif(context_window, 0) AS used,
           CAST($minutes AS DOUBLE[]) AS m, CAST($turns AS DOUBLE[]) AS t, CAST($context AS DOUBLE[]) AS c
    FROM events
    WHERE type = 'step' AND workflow = $workflow AND counted
      AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
      AND hash(interaction_id) % CAST($every AS UBIGINT) = 0
)
SELECT step, coalesce(bool_or(step_kind IN ('decision', 'route')), false) AS decides,
       (minute >= m[1])::INT + (minute >= m[2])::INT + (minute >= m[3])::INT + (minute >= m[4])::INT + (minute >= m[5])::INT AS minutes,
       (turn >= t[1])::INT + (turn >= t[2])::INT + (turn >= t[3])::INT + (turn >= t[4])::INT AS turns,
       (used >= c[1])::INT + (used >= c[2])::INT + (used >= c[3])::INT + (used >= c[4])::INT AS context,
       count(*) FILTER (NOT retried AND outcome IN ('success', 'failure', 'timeout', 'abandoned')) AS n,
       count(*) FILTER (NOT retried AND outcome IN ('failure', 'timeout', 'abandoned')) AS bad,
       count(reask) AS asked,
       count(*) FILTER (reask) AS reasked
FROM runs
GROUP BY ALL
ORDER BY ALL
