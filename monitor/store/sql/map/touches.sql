-- For each step of a workflow in a span: the systems that it called and the knowledge sources that it stood on, how often, how
-- often badly and when last, the newest state, when a token ends, and as of when the content of a source is (epoch seconds).
WITH sources AS (
    SELECT step, ts, unnest(knowledge).source AS name, unnest(knowledge).as_of AS as_of, unnest(knowledge_states) AS state
    FROM events
    WHERE type = 'step' AND workflow = $workflow AND counted
      AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
      AND knowledge IS NOT NULL
)
SELECT step, 'integration' AS kind, integration.system AS name, count(*) AS n,
       count(*) FILTER (integration.status <> 'ok') AS bad, arg_max(token_state, ts) AS state,
       CAST(epoch(arg_max(integration.token_expires_at, ts)) AS BIGINT) AS expires_at, NULL AS as_of,
       CAST(epoch(max(ts) FILTER (integration.status <> 'ok')) AS BIGINT) AS bad_at
FROM events
WHERE type = 'step' AND workflow = $workflow AND counted
  AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
  AND integration IS NOT NULL
GROUP BY step, integration.system
UNION ALL
SELECT step, 'source', name, count(*), count(*) FILTER (state <> 'fresh'), arg_max(state, ts), NULL,
       CAST(epoch(arg_max(as_of, ts)) AS BIGINT), CAST(epoch(max(ts) FILTER (state <> 'fresh')) AS BIGINT)
FROM sources
WHERE name IS NOT NULL
GROUP BY step, name
ORDER BY step, kind, n DESC, name
