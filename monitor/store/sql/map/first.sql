-- For each two steps of a workflow in a span, over every $every-th interaction: in how many the one came before the other.
WITH firsts AS (
    SELECT interaction_id, step, min({'ts': ts, 'step_index': step_index, 'offset': "offset", 'idx': idx}) AS began
    FROM events
    WHERE type = 'step' AND workflow = $workflow AND counted
      AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
      AND outcome <> 'skipped' AND hash(interaction_id) % CAST($every AS UBIGINT) = 0
    GROUP BY interaction_id, step
)
SELECT a.step AS first, b.step AS second, count(*) AS n
FROM firsts AS a
JOIN firsts AS b ON b.interaction_id = a.interaction_id AND a.began < b.began
GROUP BY a.step, b.step
ORDER BY a.step, b.step
