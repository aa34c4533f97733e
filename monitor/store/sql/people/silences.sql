-- Silences, those in force at an instant (epoch seconds) first, then the newest.
SELECT id, selector, CAST(epoch(began_at) AS BIGINT) AS began_at, CAST(epoch(until) AS BIGINT) AS until, who, why,
       CAST(epoch(ended_at) AS BIGINT) AS ended_at, ended_by,
       ended_at IS NULL AND until > make_timestamp(CAST($now AS BIGINT) * 1000000) AS active
FROM silences_raw
ORDER BY active DESC, began_at DESC, id
LIMIT $limit
