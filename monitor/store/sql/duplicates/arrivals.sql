-- How many stored events arrived in each minute since an instant (microseconds), the newest first.
SELECT CAST(floor(epoch_us(received_at) / 60000000) AS BIGINT) AS minute, count(*) AS n
FROM events_raw
WHERE received_at >= make_timestamp(CAST($since_us AS BIGINT))
GROUP BY minute
ORDER BY minute DESC
