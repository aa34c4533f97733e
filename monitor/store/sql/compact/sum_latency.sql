-- The sums of those latency buckets of a span that have several rows.
CREATE OR REPLACE TEMP TABLE compacted AS
SELECT minute, workflow, step, bucket, CAST(sum(n) AS INTEGER) AS n, CAST(sum(sum_us) AS BIGINT) AS sum_us
FROM latency
WHERE minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
GROUP BY minute, workflow, step, bucket
HAVING count(*) > 1
