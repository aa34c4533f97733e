-- Trials, bad ones and latencies counted in a span: by them a rebuild tells whether the counts were wrong.
WITH c AS (
    SELECT coalesce(sum(n), 0) AS n, coalesce(sum(bad), 0) AS bad, coalesce(sum(n * (series % 1009)), 0) AS places
    FROM counts
    WHERE minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
), l AS (
    SELECT coalesce(sum(n), 0) AS calls, coalesce(sum(sum_us), 0) AS us
    FROM latency
    WHERE minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
)
SELECT n, bad, places, calls, us FROM c, l
