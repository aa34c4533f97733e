-- What was counted after its tick was judged, and the beginning of the tick at which it was taken in (epoch seconds).
SELECT epoch_us(l.minute) // 1000000 AS minute, s.signal, s.workflow, s.step, s.segment, l.n, l.bad,
       epoch_us(l.taken_at) // 1000000 AS taken
FROM late_counts AS l
JOIN series AS s ON s.id = l.series
ORDER BY l.taken_at, l.minute, s.id
