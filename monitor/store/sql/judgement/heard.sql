-- When each series last had a trial in the time before an instant (epoch seconds); those without one are not in it.
SELECT series, epoch_us(max(minute)) // 1000000 AS last
FROM counts
WHERE minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
GROUP BY series
