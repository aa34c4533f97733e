-- What became known between two marks (microseconds) at minutes before an instant, by series.
-- `age`: it is not older than so many seconds before that instant (86,400 or 28 days), or older still; `came`: without what was taken away.
SELECT series,
       CASE WHEN minute >= make_timestamp(CAST($near AS BIGINT) * 1000000) THEN $since - $near
            WHEN minute >= make_timestamp(CAST($far AS BIGINT) * 1000000) THEN $since - $far
            ELSE $since END AS age,
       CAST(sum(n) AS BIGINT) AS n, CAST(sum(bad) AS BIGINT) AS bad, CAST(sum(greatest(n, 0)) AS BIGINT) AS came
FROM counts
WHERE known_at > make_timestamp(CAST($after AS BIGINT)) AND known_at <= make_timestamp(CAST($upto AS BIGINT))
  AND minute < make_timestamp(CAST($since AS BIGINT) * 1000000)
GROUP BY series, age
