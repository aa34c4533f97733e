-- Of the interactions of the new events, shown as `fresh`, those of which some event says something of others, and those of which the store
-- itself says something. `whole`: all their events are to be looked at, not only those between two instants around the new ones (microseconds).
SELECT workflow, interaction_id, bool_or(whole) AS whole
FROM (
    SELECT workflow, interaction_id, type = 'outcome' AS whole
    FROM events_brief
    WHERE {trigger}
      AND (type = 'outcome' OR (ts >= make_timestamp(CAST($since_us AS BIGINT)) AND ts <= make_timestamp(CAST($until_us AS BIGINT))))
    UNION ALL
    SELECT workflow, interaction_id, true FROM events_closed
    UNION ALL
    SELECT workflow, interaction_id, true FROM lacking
)
WHERE (workflow, interaction_id) IN (SELECT workflow, interaction_id FROM fresh)
GROUP BY workflow, interaction_id
