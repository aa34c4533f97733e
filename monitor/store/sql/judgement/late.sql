-- What became known between two marks (microseconds) at minutes before an instant, by series.
-- `reached`: not older than `reach`; `came`: without what was taken away.
SELECT series, minute >= make_timestamp(CAST($reach AS BIGINT) * 1000000) AS reached,
       CAST(sum(n) AS BIGINT) AS n, CAST(sum(bad) AS BIGINT) AS bad, CAST(sum(greatest(n, 0)) AS BIGINT) AS came
FROM counts
WHERE known_at > make_timestamp(CAST($after AS BIGINT)) AND known_at <= make_timestamp(CAST($upto AS BIGINT))
  AND minute < make_timestamp(CAST($since AS BIGINT) * 1000000)
GROUP BY series, reached
