-- Versions, models and prompts of a workflow that were first seen in a span: candidates for "just before".
WITH seen AS (
    SELECT 'agent_version' AS what, agent_version AS value, min(ts) AS seen_at FROM events WHERE workflow = $workflow GROUP BY agent_version
    UNION ALL
    SELECT 'workflow_version', workflow_version, min(ts) FROM events WHERE workflow = $workflow GROUP BY workflow_version
    UNION ALL
    SELECT 'prompt_version', prompt_version, min(ts) FROM events WHERE workflow = $workflow GROUP BY prompt_version
    UNION ALL
    SELECT 'model', model, min(ts) FROM events WHERE workflow = $workflow GROUP BY model
)
SELECT what, value, CAST(epoch(seen_at) AS BIGINT) AS at
FROM seen
WHERE value IS NOT NULL
  AND seen_at >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND seen_at < make_timestamp(CAST($until AS BIGINT) * 1000000)
ORDER BY seen_at, what, value
