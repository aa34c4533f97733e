-- The acknowledgement of an incident that waits to be taken on; of several the first one.
SELECT who, why, CAST(epoch(asked_at) AS BIGINT) AS at
FROM acknowledgements
WHERE incident = $incident AND number IS NULL
ORDER BY asked_at, id
LIMIT 1
