-- The skips of a source that it has not answered, in the order in which they were asked.
SELECT id, path, partition, target FROM skips WHERE source = $source AND taken_at IS NULL ORDER BY id
