-- The storm of a sink that is not over.
SELECT id, CAST(epoch(began_at) AS BIGINT) AS began_at FROM storms WHERE sink = $sink AND ended_at IS NULL
