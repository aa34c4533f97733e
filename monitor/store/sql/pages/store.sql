-- How many records of each source are stored, the newest event time, and how many of them are dead letters kept.
WITH letters AS (SELECT stream, count(*) AS letters FROM dead_letters_raw GROUP BY stream)
SELECT s.source, CAST(coalesce(sum(s.received), 0) AS BIGINT) AS received, epoch(max(s.newest)) AS newest,
       CAST(coalesce(sum(l.letters), 0) AS BIGINT) AS letters
FROM streams AS s
LEFT JOIN letters AS l ON l.stream = s.id
GROUP BY s.source
ORDER BY s.source
