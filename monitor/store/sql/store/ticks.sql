-- The sums of some series in each tick of a span, as known up to a mark: one row for each tick and series with counts.
SELECT (epoch_us(minute) // 1000000 - $since) // $tick AS tick, series, CAST(sum(n) AS BIGINT) AS n, CAST(sum(bad) AS BIGINT) AS bad
FROM counts
WHERE minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
  AND series BETWEEN $least AND $most
  AND (CAST($upto AS BIGINT) IS NULL OR known_at <= make_timestamp(CAST($upto AS BIGINT)))
GROUP BY tick, series
