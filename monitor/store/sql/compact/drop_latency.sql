-- Deletes the rows whose sums are in `compacted`.
DELETE FROM latency
USING compacted AS c
WHERE latency.minute = c.minute AND latency.workflow = c.workflow AND latency.step IS NOT DISTINCT FROM c.step
  AND latency.bucket = c.bucket
  AND latency.minute >= make_timestamp(CAST($since AS BIGINT) * 1000000)
  AND latency.minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
