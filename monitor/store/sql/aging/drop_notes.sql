-- Deletes notes on the time line of before an instant.
DELETE FROM notes WHERE noted_at < make_timestamp(CAST($before AS BIGINT) * 1000000)
