-- Forgets what was amended of the events whose places are shown as `repeats`.
DELETE FROM amended
USING repeats AS r
WHERE amended.stream = r.stream AND amended."offset" = r."offset" AND amended.idx = r.idx
