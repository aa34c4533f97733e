-- The consequential actions of a workflow in a span by step, class, how they passed their gate, and the role of who approved; and
-- when the last of these was (epoch seconds).
SELECT step, action.class AS class, action_state AS state, action.approval.approver_role AS role, count(*) AS n,
       CAST(epoch(max(ts)) AS BIGINT) AS last_at
FROM events
WHERE type = 'step' AND workflow = $workflow AND counted
  AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
  AND action_state IS NOT NULL
GROUP BY ALL
ORDER BY ALL
