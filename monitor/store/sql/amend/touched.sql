-- The interactions of new events that say something of others, or of which others that are stored do; and those of which the store itself
-- says something, or will. `whole`: all their events are to be looked at, not only those of a span around the new ones (microseconds).
WITH new AS (
    SELECT workflow, interaction_id, type, outcome, required_steps, {trigger} AS says
    FROM events_raw
    WHERE stream = $stream AND "offset" >= $since AND "offset" < $until
), known AS (
    SELECT workflow, interaction_id, false AS whole
    FROM events_raw
    WHERE {trigger} AND ts >= make_timestamp(CAST($since_us AS BIGINT)) AND ts <= make_timestamp(CAST($until_us AS BIGINT))
    UNION ALL
    SELECT workflow, interaction_id, true FROM events_raw WHERE {trigger} AND type = 'outcome'
    UNION ALL
    SELECT workflow, interaction_id, true FROM events_closed
    UNION ALL
    SELECT workflow, interaction_id, true FROM lacking
), ended AS (
    SELECT DISTINCT workflow, interaction_id, required_steps
    FROM new
    WHERE type = 'interaction' AND outcome = 'success' AND len(required_steps) > 0
), ran AS (
    SELECT workflow, interaction_id, list(DISTINCT step) AS steps
    FROM events_raw
    WHERE type = 'step' AND outcome <> 'skipped'
      AND ts >= make_timestamp(CAST($since_us AS BIGINT)) AND ts <= make_timestamp(CAST($until_us AS BIGINT))
      AND (workflow, interaction_id) IN (SELECT workflow, interaction_id FROM ended)
    GROUP BY workflow, interaction_id
)
SELECT workflow, interaction_id, bool_or(whole) AS whole
FROM (
    SELECT workflow, interaction_id, type = 'outcome' AS whole FROM new WHERE says
    UNION ALL
    SELECT k.workflow, k.interaction_id, k.whole
    FROM known AS k
    WHERE (k.workflow, k.interaction_id) IN (SELECT workflow, interaction_id FROM new)
    UNION ALL
    SELECT e.workflow, e.interaction_id, true
    FROM ended AS e
    LEFT JOIN ran AS r ON r.workflow = e.workflow AND r.interaction_id = e.interaction_id
    WHERE NOT list_has_all(coalesce(r.steps, []), e.required_steps)
    UNION ALL
    SELECT workflow, interaction_id, whole FROM silent
)
GROUP BY workflow, interaction_id
