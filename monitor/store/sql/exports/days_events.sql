-- The days that have events in the store and how many, with what their export holds (NULL: never written).
SELECT CAST(epoch(h.day) AS BIGINT) AS day, h.held AS held, e.rows AS rows, e.mark AS mark, e.size AS size
FROM (SELECT CAST(ts AS DATE) AS day, count(*) AS held FROM events_raw GROUP BY 1) AS h
LEFT JOIN exports_raw AS e ON e.day = h.day AND e.kind = 'events'
ORDER BY 1
