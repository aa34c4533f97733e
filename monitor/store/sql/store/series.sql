-- Every series with its first and last minute (epoch seconds).
SELECT id, signal, workflow, step, segment,
       epoch_us(first_minute) // 1000000 AS first_minute, epoch_us(last_minute) // 1000000 AS last_minute
FROM series ORDER BY id
