-- What was counted after its tick was judged, and the beginning of the tick at which it was taken in (epoch seconds).
SELECT epoch_us(minute) // 1000000 AS minute, series, n, bad, epoch_us(taken_at) // 1000000 AS taken
FROM late_counts
ORDER BY taken_at, minute, series
