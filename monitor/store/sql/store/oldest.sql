-- The oldest event, minute, latency and dead letter (epoch seconds; NULL where there is none).
SELECT (SELECT epoch_us(min(ts)) // 1000000 FROM events_raw) AS events,
       (SELECT epoch_us(min(minute)) // 1000000 FROM counts) AS minutes,
       (SELECT epoch_us(min(minute)) // 1000000 FROM latency) AS latency,
       (SELECT epoch_us(min(received_at)) // 1000000 FROM dead_letters_raw) AS dead_letters
