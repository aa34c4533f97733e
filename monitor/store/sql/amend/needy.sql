-- Of the interactions that the new events, shown as `fresh`, say to have ended well, those of which a step that they need did not run between
-- two instants (microseconds): it may have run at another time, so all their events are to be looked at.
WITH ended AS (
    SELECT DISTINCT workflow, interaction_id, required_steps FROM fresh WHERE needs
), ran AS (
    SELECT workflow, interaction_id, list(DISTINCT step) AS steps
    FROM events_brief
    WHERE type = 'step' AND outcome <> 'skipped'
      AND ts >= make_timestamp(CAST($since_us AS BIGINT)) AND ts <= make_timestamp(CAST($until_us AS BIGINT))
      AND (workflow, interaction_id) IN (SELECT workflow, interaction_id FROM ended)
    GROUP BY workflow, interaction_id
)
SELECT e.workflow, e.interaction_id, true AS whole
FROM ended AS e
LEFT JOIN ran AS r ON r.workflow = e.workflow AND r.interaction_id = e.interaction_id
WHERE NOT list_has_all(coalesce(r.steps, []), e.required_steps)
