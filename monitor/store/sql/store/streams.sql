-- Every stream with its position, the records received and the base of its watermark (microseconds).
SELECT id, source, path, partition, epoch, next, received, epoch_us(newest) AS newest_us FROM streams ORDER BY id
