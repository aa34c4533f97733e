-- Calls of each integration of a workflow and the failed ones, in the 28 days before an onset and since it.
SELECT integration.system AS system,
       count(*) FILTER (ts < make_timestamp(CAST($onset AS BIGINT) * 1000000)) AS n_before,
       count(*) FILTER (ts < make_timestamp(CAST($onset AS BIGINT) * 1000000) AND integration.status <> 'ok') AS bad_before,
       count(*) FILTER (ts >= make_timestamp(CAST($onset AS BIGINT) * 1000000)) AS n_since,
       count(*) FILTER (ts >= make_timestamp(CAST($onset AS BIGINT) * 1000000) AND integration.status <> 'ok') AS bad_since
FROM events_raw
WHERE workflow = $workflow AND integration IS NOT NULL AND counted
  AND ts >= make_timestamp(CAST($onset AS BIGINT) * 1000000) - INTERVAL 28 DAY
  AND ts < make_timestamp(CAST($at AS BIGINT) * 1000000)
GROUP BY 1
ORDER BY 1
