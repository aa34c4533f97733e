-- Every note on the time line, whole, to be copied.
SELECT * FROM notes ORDER BY noted_at, id
