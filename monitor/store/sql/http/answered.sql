-- The answer that a request with this key was given since an instant; the newest.
SELECT body, status, CAST(answer AS VARCHAR) AS answer
FROM idempotency
WHERE key = $key AND answered_at >= make_timestamp(CAST($since_us AS BIGINT))
ORDER BY answered_at DESC
LIMIT 1
