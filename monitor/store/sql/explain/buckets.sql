-- Trials and bad ones of a series, for each bucket of so many seconds in a span.
SELECT CAST(floor(epoch(minute) / $bucket) AS BIGINT) * CAST($bucket AS BIGINT) AS at,
       CAST(sum(n) AS BIGINT) AS n, CAST(sum(bad) AS BIGINT) AS bad
FROM counts AS c
JOIN series AS s ON s.id = c.series
WHERE signal = $signal AND workflow = $workflow AND ($step IS NULL OR step = $step)
  AND minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
GROUP BY 1
ORDER BY 1
