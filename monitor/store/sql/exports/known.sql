-- What is written of the exports.
SELECT CAST(epoch(day) AS BIGINT) AS day, kind, file, rows, mark, size, sha256, epoch_us(written_at) AS written_us
FROM exports_raw
ORDER BY kind, day
