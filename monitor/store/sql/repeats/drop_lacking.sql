-- Forgets which steps are lacking of the events whose places are shown as `repeats`.
DELETE FROM lacking
USING repeats AS r
WHERE lacking.stream = r.stream AND lacking."offset" = r."offset" AND lacking.idx = r.idx
