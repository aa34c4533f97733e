-- The number of the newest skip.
SELECT max(id) AS id FROM skips
