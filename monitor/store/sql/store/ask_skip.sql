-- Writes where a person wants a stream to go on; the source takes it up.
INSERT INTO skips BY NAME
SELECT 1 + coalesce(max(id), 0) AS id, $source AS source, $path AS path, CAST($partition AS INTEGER) AS partition,
       $target AS target, $why AS why, make_timestamp(CAST($asked AS BIGINT)) AS asked_at
FROM skips
