-- What the handoffs of each step of a workflow passed on in a span, by target: pieces of context, and those that were required.
SELECT step, handoff.target AS target, count(*) AS n,
       CAST(sum(coalesce(handoff.context_passed, 0)) AS BIGINT) AS passed, CAST(sum(handoff.context_required) AS BIGINT) AS required,
       count(*) FILTER (coalesce(handoff.context_passed, 0) < handoff.context_required) AS short
FROM events
WHERE type = 'step' AND workflow = $workflow AND counted
  AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
  AND handoff IS NOT NULL AND handoff.context_required > 0
GROUP BY step, handoff.target
ORDER BY step, short DESC, target
