-- Every stream with its position, the records received the base of its watermark and its last arrival (microseconds).
SELECT id, source, path, partition, epoch, next, received, epoch_us(newest) AS newest_us,
       epoch_us(updated_at) AS arrived_us
FROM streams ORDER BY id
