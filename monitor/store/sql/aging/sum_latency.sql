-- The latencies of a span summed to hours or days ($unit), each at the beginning of its hour or day.
CREATE OR REPLACE TEMP TABLE summed AS
SELECT date_trunc($unit, minute) AS minute, workflow, step, bucket, CAST(sum(n) AS INTEGER) AS n, CAST(sum(sum_us) AS BIGINT) AS sum_us
FROM latency
WHERE minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
GROUP BY ALL
