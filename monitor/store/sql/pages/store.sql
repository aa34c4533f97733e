-- How many events and dead letters of each source are stored.
SELECT s.source, CAST(coalesce(sum(s.received), 0) AS BIGINT) AS received, epoch(max(s.newest)) AS newest,
       (SELECT count(*) FROM dead_letters AS d WHERE d.stream IN (SELECT id FROM streams AS t WHERE t.source = s.source)) AS letters
FROM streams AS s
GROUP BY s.source
ORDER BY s.source
