-- Widens the spans of series: their first and last minutes, in epoch seconds.
UPDATE series
SET first_minute = make_timestamp(moved.first * 1000000), last_minute = make_timestamp(moved.last * 1000000)
FROM (
    SELECT unnest(CAST($ids AS INTEGER[])) AS id, unnest(CAST($firsts AS BIGINT[])) AS first, unnest(CAST($lasts AS BIGINT[])) AS last
) AS moved
WHERE series.id = moved.id
