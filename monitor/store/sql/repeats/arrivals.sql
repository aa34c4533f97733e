-- How many stored events arrived in a span (microseconds).
SELECT count(*) AS n
FROM events_raw
WHERE received_at >= make_timestamp(CAST($since_us AS BIGINT)) AND received_at < make_timestamp(CAST($until_us AS BIGINT))
