-- What people decided of what is normal, as it is in force at an instant (epoch seconds): taken before it, or waiting to be taken.
SELECT id, kind, name, signal, workflow, step, segment, CAST(epoch(since) AS BIGINT) AS since,
       CAST(epoch(until) AS BIGINT) AS until, incident, who, why,
       CAST(epoch(taken_at) AS BIGINT) AS taken
FROM baseline_marks
WHERE taken_at IS NULL OR taken_at <= make_timestamp(CAST($at AS BIGINT) * 1000000)
ORDER BY taken_at NULLS LAST, known_at, id
