-- A day around the new events of a stream (microseconds); NULL where there are none.
SELECT epoch_us(min(ts) - INTERVAL 1 DAY) AS since_us, epoch_us(max(ts) + INTERVAL 1 DAY) AS until_us
FROM events_raw
WHERE stream = $stream AND "offset" >= $since AND "offset" < $until
