-- How many latencies of a step (NULL: whole interactions) of a span fell into each bucket, and their sum in microseconds.
SELECT bucket, CAST(sum(n) AS BIGINT) AS n, CAST(sum(sum_us) AS BIGINT) AS sum_us
FROM latency
WHERE workflow = $workflow AND step IS NOT DISTINCT FROM $step
  AND minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
GROUP BY bucket
