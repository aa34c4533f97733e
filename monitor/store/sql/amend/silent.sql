-- Those of the interactions that are shown as `due` that seem to have no end, and no step from `until_us` on; looked for from an instant on (microseconds).
SELECT e.workflow, e.interaction_id, true AS whole
FROM events_raw AS e
JOIN closes AS c ON c.workflow = e.workflow
WHERE e.type <> 'outcome' AND e.ts >= make_timestamp(CAST($since AS BIGINT))
  AND (e.workflow, e.interaction_id) IN (SELECT workflow, interaction_id FROM due)
GROUP BY e.workflow, e.interaction_id, c.until_us
HAVING bool_and(e.type = 'step') AND epoch_us(max(e.ts)) < c.until_us
ORDER BY e.workflow, e.interaction_id
