-- The first sights of versions, models and prompts among the events that arrived in a span, as far as they are not known.
WITH came AS (
    SELECT workflow, agent_version, workflow_version, prompt_version, model, min(ts) AS seen_at
    FROM events_raw
    WHERE received_at >= make_timestamp(CAST($after AS BIGINT)) AND received_at < make_timestamp(CAST($until AS BIGINT))
    GROUP BY GROUPING SETS (
        (workflow, agent_version), (workflow, workflow_version), (workflow, prompt_version), (workflow, model)
    )
),
seen AS (
    SELECT workflow, 'agent_version' AS what, agent_version AS value, seen_at FROM came
    UNION ALL SELECT workflow, 'workflow_version', workflow_version, seen_at FROM came
    UNION ALL SELECT workflow, 'prompt_version', prompt_version, seen_at FROM came
    UNION ALL SELECT workflow, 'model', model, seen_at FROM came
)
SELECT workflow, what, value, min(seen_at) AS seen_at
FROM seen
WHERE value IS NOT NULL
GROUP BY ALL
HAVING NOT EXISTS (
    SELECT 1 FROM firsts AS f
    WHERE f.workflow = seen.workflow AND f.what = seen.what AND f.value = seen.value AND f.seen_at <= min(seen.seen_at)
)
