-- Keeps what became known between two marks (microseconds) at minutes before a tick, with that tick's beginning (epoch seconds).
INSERT INTO late_counts
SELECT minute, series, CAST(sum(n) AS INTEGER), CAST(sum(bad) AS INTEGER), make_timestamp(CAST($since AS BIGINT) * 1000000)
FROM counts
WHERE known_at > make_timestamp(CAST($after AS BIGINT)) AND known_at <= make_timestamp(CAST($upto AS BIGINT))
  AND minute < make_timestamp(CAST($since AS BIGINT) * 1000000)
GROUP BY minute, series
