-- Deletes the events whose places are shown as `repeats`.
DELETE FROM events_kept
USING repeats AS r
WHERE events_kept.stream = r.stream AND events_kept."offset" = r."offset" AND events_kept.idx = r.idx
