-- When each series was in an incident that is no noise: one proven to be so large that it is a page, or one that a person took.
SELECT m.signal, m.workflow, m.step, m.segment,
       CAST(epoch(coalesce(CAST(to_timestamp(CAST(m.verdict ->> 'onset' AS BIGINT)) AS TIMESTAMP), m.joined_at)) AS BIGINT) AS since,
       CAST(epoch(m.resolved_at) AS BIGINT) AS until
FROM incident_members AS m
JOIN incidents_raw AS i ON i.id = m.incident
WHERE i.about = 'agents' AND (i.severity = 'page' OR i.acknowledged_at <= make_timestamp(CAST($at AS BIGINT) * 1000000))
