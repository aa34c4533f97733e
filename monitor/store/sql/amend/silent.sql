-- Interactions that may have fallen silent: those that have a step between the instants that are shown as `closes`, all within a span, and,
-- from an instant on, no end and no step from the end of the span on (microseconds).
SELECT e.workflow, e.interaction_id, true AS whole
FROM events_brief AS e
JOIN closes AS c ON c.workflow = e.workflow
ANTI JOIN (
    SELECT workflow, interaction_id
    FROM events_brief
    WHERE ts >= make_timestamp(CAST($before AS BIGINT)) AND (type = 'interaction' OR (type = 'step' AND ts >= make_timestamp(CAST($until AS BIGINT))))
) AS o ON o.workflow = e.workflow AND o.interaction_id = e.interaction_id
WHERE e.type = 'step' AND e.ts >= make_timestamp(CAST($since AS BIGINT)) AND e.ts < make_timestamp(CAST($until AS BIGINT))
  AND epoch_us(e.ts) >= c.since_us AND epoch_us(e.ts) < c.until_us
