-- How far a job has come: the instant of the named progress, or no row.
SELECT CAST(epoch(reached) AS BIGINT) AS at FROM progress WHERE name = $name
