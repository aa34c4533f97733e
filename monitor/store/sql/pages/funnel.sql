-- For each step of a workflow in a span: interactions that ran it, those first lost at it, its rates; and how many began.
WITH runs AS (
    SELECT interaction_id, step, ts, outcome, coalesce(retried, false) AS retried, reask, handoff
    FROM events
    WHERE type = 'step' AND workflow = $workflow AND counted
      AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
),
lost AS (
    SELECT interaction_id, arg_min(step, ts) AS step
    FROM runs
    WHERE NOT retried AND outcome IN ('failure', 'timeout', 'abandoned')
    GROUP BY interaction_id
)
SELECT r.step,
       count(DISTINCT r.interaction_id) AS entered,
       count(DISTINCT l.interaction_id) FILTER (l.step = r.step) AS lost,
       count(*) FILTER (NOT retried AND outcome IN ('success', 'failure', 'timeout', 'abandoned')) AS n,
       count(*) FILTER (NOT retried AND outcome = 'success') AS good,
       count(*) FILTER (reask IS NOT NULL) AS asked,
       count(*) FILTER (reask) AS reasked,
       count(DISTINCT r.interaction_id) FILTER (handoff."to" IN ('human', 'queue')) AS handed_off,
       (SELECT count(DISTINCT interaction_id) FROM runs) AS began
FROM runs AS r
LEFT JOIN lost AS l ON l.interaction_id = r.interaction_id
GROUP BY r.step
ORDER BY min(r.ts)
