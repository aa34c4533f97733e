-- Deletes the rows whose sums are in `compacted`.
DELETE FROM counts
USING compacted AS c
WHERE counts.minute = c.minute AND counts.series = c.series AND counts.writer = c.writer
  AND counts.minute >= make_timestamp(CAST($since AS BIGINT) * 1000000)
  AND counts.minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
  AND counts.known_at <= make_timestamp(CAST($folded AS BIGINT))
