-- Interactions of a workflow that went wrong, by the first step that failed in each (NULL: none did), and all whose end is known, in the 28 days before an onset and since it.
WITH ends AS (
    SELECT interaction_id, bad, ts >= make_timestamp(CAST($onset AS BIGINT) * 1000000) AS after
    FROM {trials interaction_failure} AS trials
    WHERE signal = 'interaction_failure' AND workflow = $workflow
      AND ts >= make_timestamp(CAST($onset AS BIGINT) * 1000000) - INTERVAL 28 DAY
      AND ts < make_timestamp(CAST($at AS BIGINT) * 1000000)
),
failed AS (
    SELECT interaction_id, min({'ts': ts, 'step': step}).step AS step
    FROM {trials step_failure} AS trials
    WHERE signal = 'step_failure' AND workflow = $workflow AND bad
      AND ts >= make_timestamp(CAST($onset AS BIGINT) * 1000000) - INTERVAL 29 DAY
      AND ts < make_timestamp(CAST($at AS BIGINT) * 1000000) + INTERVAL 1 DAY
    GROUP BY interaction_id
)
SELECT e.bad, f.step,
       count(*) FILTER (NOT e.after) AS n_before, count(*) FILTER (e.after) AS n_since
FROM ends AS e
LEFT JOIN failed AS f ON e.bad AND f.interaction_id = e.interaction_id
GROUP BY e.bad, f.step
ORDER BY e.bad, f.step
