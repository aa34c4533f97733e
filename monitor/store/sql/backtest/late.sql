-- What was counted after its tick was judged, and the beginning of the tick at which it was taken in (epoch seconds); what no tick has
-- taken in yet is taken in at the next one.
WITH all_late AS (
    SELECT minute, series, n, bad, taken_at FROM late_counts
    UNION ALL
    SELECT c.minute, c.series, c.n, c.bad, judged.reached
    FROM counts AS c, progress AS judged, progress AS folded
    WHERE judged.name = 'judged' AND folded.name = 'folded' AND c.minute < judged.reached AND c.known_at > folded.reached
)
SELECT epoch_us(minute) // 1000000 AS minute, series, n, bad, epoch_us(taken_at) // 1000000 AS taken
FROM all_late
ORDER BY taken_at, minute, series
