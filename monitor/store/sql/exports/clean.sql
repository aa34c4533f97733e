-- The file of a day of events, its size, and whether it holds every event of that day that is in the store.
SELECT file, size, mark = (
    SELECT count(*) FROM events_raw
    WHERE ts >= make_timestamp(CAST($day AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($day AS BIGINT) * 1000000) + INTERVAL 1 DAY
) AS clean
FROM exports_raw
WHERE kind = 'events' AND day = CAST(make_timestamp(CAST($day AS BIGINT) * 1000000) AS DATE)
