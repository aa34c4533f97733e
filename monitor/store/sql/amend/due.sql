-- Interactions whose steps, of those that are asked for, lie between the instants that are shown as `closes`, with their last step there (microseconds).
SELECT e.workflow, e.interaction_id, epoch_us(max(e.ts)) AS last_us
FROM events_raw AS e
JOIN closes AS c ON c.workflow = e.workflow
WHERE e.type = 'step' AND epoch_us(e.ts) >= c.since_us AND epoch_us(e.ts) < c.until_us AND {of}
GROUP BY e.workflow, e.interaction_id
