-- Deletes the remembered answers of before an instant: a repeat after it is a new request.
DELETE FROM idempotency WHERE answered_at < make_timestamp(CAST($before AS BIGINT) * 1000000)
