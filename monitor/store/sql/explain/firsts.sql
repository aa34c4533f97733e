-- Versions, models and prompts of a workflow that were first seen in a span: candidates for "just before".
WITH came AS (
    SELECT agent_version, workflow_version, prompt_version, model, min(ts) AS seen_at
    FROM events_raw
    WHERE workflow = $workflow AND received_at >= make_timestamp(CAST($after AS BIGINT))
    GROUP BY GROUPING SETS ((agent_version), (workflow_version), (prompt_version), (model))
),
seen AS (
    SELECT what, value, seen_at FROM firsts WHERE workflow = $workflow
    UNION ALL SELECT 'agent_version', agent_version, seen_at FROM came
    UNION ALL SELECT 'workflow_version', workflow_version, seen_at FROM came
    UNION ALL SELECT 'prompt_version', prompt_version, seen_at FROM came
    UNION ALL SELECT 'model', model, seen_at FROM came
)
SELECT what, value, CAST(epoch(min(seen_at)) AS BIGINT) AS at
FROM seen
WHERE value IS NOT NULL
GROUP BY what, value
HAVING min(seen_at) >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND min(seen_at) < make_timestamp(CAST($until AS BIGINT) * 1000000)
ORDER BY min(seen_at), what, value
