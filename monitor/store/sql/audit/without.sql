-- Over every $every-th interaction of a workflow in a span whose end is known: how many ended well with each of some steps and without
-- it, by intent and channel.
WITH runs AS (
    SELECT interaction_id, max(intent) AS intent, max(channel) AS channel,
           coalesce(list(DISTINCT step) FILTER (type = 'step' AND outcome <> 'skipped'), []) AS ran
    FROM events
    WHERE workflow = $workflow AND counted
      AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
      AND hash(interaction_id) % CAST($every AS UBIGINT) = 0
    GROUP BY interaction_id
)
SELECT s.step, list_contains(r.ran, s.step) AS ran, r.intent, r.channel, count(*) AS n, count(*) FILTER (e.outcome = 'success') AS well
FROM runs AS r
JOIN ({map/ended}) AS e ON e.interaction_id = r.interaction_id AND e.outcome IN ('success', 'failure', 'timeout', 'abandoned')
CROSS JOIN (SELECT unnest(CAST($steps AS VARCHAR[])) AS step) AS s
GROUP BY ALL
ORDER BY ALL
