-- The first and the last day that have events or counts (epoch seconds), and the instant before which events have left.
SELECT (SELECT CAST(epoch(date_trunc('day', least((SELECT min(ts) FROM events_raw), (SELECT min(minute) FROM counts)))) AS BIGINT)) AS first,
       (SELECT CAST(epoch(date_trunc('day', greatest((SELECT max(ts) FROM events_raw), (SELECT max(minute) FROM counts)))) AS BIGINT)) AS last,
       (SELECT CAST(epoch(reached) AS BIGINT) FROM progress WHERE name = 'forgotten') AS forgotten,
       (SELECT CAST(epoch(reached) AS BIGINT) FROM progress WHERE name = 'coarse') AS coarse
