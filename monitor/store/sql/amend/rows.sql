-- All events of the interactions that are shown as `touched`; of those without a late label only the ones of a span (microseconds).
SELECT e.*
FROM events_raw AS e
JOIN touched AS t ON t.interaction_id = e.interaction_id AND t.workflow = e.workflow
WHERE $labels OR (e.ts >= make_timestamp(CAST($since AS BIGINT)) AND e.ts <= make_timestamp(CAST($until AS BIGINT)))
