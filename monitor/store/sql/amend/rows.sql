-- The events of a span (microseconds) of the interactions that are shown as `touched`.
SELECT e.*
FROM events_raw AS e
JOIN touched AS t ON t.interaction_id = e.interaction_id AND t.workflow = e.workflow
WHERE e.ts >= make_timestamp(CAST($since AS BIGINT)) AND e.ts <= make_timestamp(CAST($until AS BIGINT))
