-- Every note on the time line.
SELECT CAST(epoch(noted_at) AS BIGINT) AS at, kind, title, workflow, step FROM notes ORDER BY noted_at, id
