-- What people noted of a workflow, or of all of them, around an instant: the nearest first.
SELECT kind, title, version, url, CAST(epoch(noted_at) AS BIGINT) AS at
FROM notes
WHERE (workflow IS NULL OR workflow = $workflow)
  AND noted_at >= make_timestamp(CAST($since AS BIGINT) * 1000000)
  AND noted_at <= make_timestamp(CAST($until AS BIGINT) * 1000000)
ORDER BY abs(epoch(noted_at) - $onset), noted_at, id
LIMIT $most
