-- The days before an instant whose latencies are not summed yet to hours or days ($unit).
SELECT DISTINCT CAST(epoch(date_trunc('day', minute)) AS BIGINT) AS day
FROM latency
WHERE minute < make_timestamp(CAST($before AS BIGINT) * 1000000) AND minute <> date_trunc($unit, minute)
ORDER BY 1
