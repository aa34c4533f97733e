-- Silences in force at an instant (epoch seconds): one begins when it is put on, whatever the clock does later.
SELECT id, selector, CAST(epoch(began_at) AS BIGINT) AS began_at, CAST(epoch(until) AS BIGINT) AS until, who, why
FROM silences_raw
WHERE ended_at IS NULL AND until > make_timestamp(CAST($now AS BIGINT) * 1000000)
ORDER BY until DESC, id
