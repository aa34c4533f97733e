-- Makes the days of the events that are shown as `repeats` dirty: their files hold what leaves the store now. What else the
-- mark says stays readable (see the table).
UPDATE exports_raw SET mark = -1 - mark
WHERE kind = 'events' AND mark >= 0 AND day IN (
    SELECT CAST(e.ts AS DATE)
    FROM events_raw AS e
    JOIN repeats AS r ON e.stream = r.stream AND e."offset" = r."offset" AND e.idx = r.idx
)
