-- Deletes first sights of before an instant.
DELETE FROM firsts WHERE seen_at < make_timestamp(CAST($before AS BIGINT) * 1000000)
