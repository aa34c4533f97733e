-- The fields that no event has, the most frequent first.
SELECT name, n, epoch_us(last_at) // 1000000 AS last_at FROM unknown_fields ORDER BY n DESC, name LIMIT $limit
