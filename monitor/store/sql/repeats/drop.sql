-- Deletes the events whose places are shown as `repeats`.
DELETE FROM events_raw
USING repeats AS r
WHERE events_raw.stream = r.stream AND events_raw."offset" = r."offset" AND events_raw.idx = r.idx
