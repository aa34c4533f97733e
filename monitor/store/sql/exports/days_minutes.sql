-- The days that have minute counts, the newest known_at among them, with what their export holds (NULL: never written).
SELECT CAST(epoch(h.day) AS BIGINT) AS day, h.held AS held, e.rows AS rows, e.mark AS mark, e.size AS size
FROM (SELECT CAST(minute AS DATE) AS day, epoch_us(max(known_at)) AS held FROM counts GROUP BY 1) AS h
LEFT JOIN exports_raw AS e ON e.day = h.day AND e.kind = 'minutes'
ORDER BY 1
