-- The slices (beginnings, epoch seconds) of closed minutes in which counts became known between two marks (microseconds).
SELECT DISTINCT epoch_us(minute) // 1000000 // CAST($slice AS BIGINT) * CAST($slice AS BIGINT) AS since
FROM counts
WHERE known_at > make_timestamp(CAST($after AS BIGINT)) AND known_at <= make_timestamp(CAST($folded AS BIGINT))
  AND minute < make_timestamp(CAST($before AS BIGINT) * 1000000)
ORDER BY since
