-- What some steps of a workflow asked again in a span: how often each slot.
WITH again AS (
    SELECT step, unnest(CASE WHEN reask_slot IS NOT NULL THEN [reask_slot] ELSE slots_asked END) AS slot
    FROM events
    WHERE type = 'step' AND workflow = $workflow AND counted
  AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
      AND reask AND list_contains(CAST($steps AS VARCHAR[]), step)
)
SELECT step, slot, count(*) AS n
FROM again
GROUP BY step, slot
ORDER BY step, n DESC, slot
