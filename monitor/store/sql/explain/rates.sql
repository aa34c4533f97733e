-- For each series of a workflow: trials and bad ones in the 28 days before an onset, since it, and in the last 7 days.
SELECT signal, step,
       CAST(coalesce(sum(n) FILTER (minute < make_timestamp(CAST($onset AS BIGINT) * 1000000)), 0) AS BIGINT) AS n_before,
       CAST(coalesce(sum(bad) FILTER (minute < make_timestamp(CAST($onset AS BIGINT) * 1000000)), 0) AS BIGINT) AS bad_before,
       CAST(coalesce(sum(n) FILTER (minute >= make_timestamp(CAST($onset AS BIGINT) * 1000000)), 0) AS BIGINT) AS n_since,
       CAST(coalesce(sum(bad) FILTER (minute >= make_timestamp(CAST($onset AS BIGINT) * 1000000)), 0) AS BIGINT) AS bad_since,
       CAST(coalesce(sum(n) FILTER (minute >= make_timestamp(CAST($at AS BIGINT) * 1000000) - INTERVAL 7 DAY), 0) AS BIGINT) AS n_week,
       CAST(coalesce(sum(bad) FILTER (minute >= make_timestamp(CAST($at AS BIGINT) * 1000000) - INTERVAL 7 DAY), 0) AS BIGINT) AS bad_week
FROM counts AS c
JOIN series AS s ON s.id = c.series
WHERE workflow = $workflow
  AND minute >= make_timestamp(CAST($onset AS BIGINT) * 1000000) - INTERVAL 28 DAY
  AND minute < make_timestamp(CAST($at AS BIGINT) * 1000000)
GROUP BY signal, step
ORDER BY signal, step
