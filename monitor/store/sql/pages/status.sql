-- How Bellbuoy is: how far it judged, open incidents, interactions of the last hour, newest event stored (epoch seconds).
SELECT (SELECT CAST(epoch(reached) AS BIGINT) FROM progress WHERE name = 'judged') AS judged,
       (SELECT count(*) FROM incidents_raw WHERE state <> 'resolved') AS open_incidents,
       (SELECT CAST(coalesce(sum(n), 0) AS BIGINT) FROM minutes
        WHERE signal = 'interactions' AND minute >= make_timestamp(CAST($now AS BIGINT) * 1000000) - INTERVAL 1 HOUR) AS per_hour,
       (SELECT epoch(max(newest)) FROM streams) AS newest
