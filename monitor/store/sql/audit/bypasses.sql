-- The newest consequential actions of a workflow in a span that did not pass their gate.
SELECT interaction_id, step, action.class AS class, action_state AS state, CAST(epoch(ts) AS BIGINT) AS at, content_ref
FROM events
WHERE type = 'step' AND workflow = $workflow AND counted
  AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
  AND action_state <> 'gated'
ORDER BY ts DESC, interaction_id, step
LIMIT $most
