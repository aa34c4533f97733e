-- Writes the first position of a stream; no row is written where the id is taken.
INSERT INTO streams
SELECT $id, $source, $path, $partition, $epoch, $next, $received,
       make_timestamp(CAST($newest_us AS BIGINT)), make_timestamp(CAST($at_us AS BIGINT))
WHERE NOT EXISTS (SELECT 1 FROM streams WHERE id = $id)
