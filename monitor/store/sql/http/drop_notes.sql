-- Forgets what was noted of the time before an instant.
DELETE FROM notes WHERE noted_at < make_timestamp(CAST($before AS BIGINT) * 1000000)
