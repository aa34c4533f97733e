-- The storm of a sink that new incidents belong to: the newest that is not over, unless it began before an instant.
SELECT id
FROM storms
WHERE sink = $sink AND ended_at IS NULL AND began_at > make_timestamp(CAST($since AS BIGINT) * 1000000)
ORDER BY began_at DESC, id
LIMIT 1
