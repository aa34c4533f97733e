-- How long the approvals of each class of action of a workflow took in a span, median seconds.
SELECT action.class AS class, median(epoch(action.approval.decided_at) - epoch(action.approval.requested_at)) AS seconds
FROM events
WHERE type = 'step' AND workflow = $workflow AND counted
  AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
  AND action_state IS NOT NULL AND action.approval.decided_at IS NOT NULL AND action.approval.requested_at IS NOT NULL
GROUP BY action.class
ORDER BY action.class
