-- When each series was in an incident, whatever detector said so: these ticks are not learned from.
SELECT m.signal, m.workflow, m.step, m.segment,
       CAST(epoch(coalesce(CAST(to_timestamp(CAST(m.verdict ->> 'onset' AS BIGINT)) AS TIMESTAMP), m.joined_at)) AS BIGINT) AS since,
       CAST(epoch(m.resolved_at) AS BIGINT) AS until
FROM incident_members AS m
