-- For each workflow seen in a span: interactions, those whose end is known, and those of them that ended badly.
SELECT workflow,
       CAST(coalesce(sum(n) FILTER (signal = 'interactions'), 0) AS BIGINT) AS began,
       CAST(coalesce(sum(n) FILTER (signal = 'interaction_failure'), 0) AS BIGINT) AS ended,
       CAST(coalesce(sum(bad) FILTER (signal = 'interaction_failure'), 0) AS BIGINT) AS bad
FROM counts AS c
JOIN series AS s ON s.id = c.series
WHERE signal IN ('interactions', 'interaction_failure')
  AND minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
GROUP BY workflow
ORDER BY workflow
