-- For each value of each slice, over every $every-th interaction of a workflow in a span: trials of some steps, and failures.
WITH seen AS (
    SELECT *
    FROM {trials step_failure} AS trials
    WHERE signal = 'step_failure' AND workflow = $workflow AND list_contains(CAST($steps AS VARCHAR[]), step)
      AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
      AND hash(interaction_id) % CAST($every AS UBIGINT) = 0
),
long AS (
    SELECT step, 'agent_version' AS slice, agent_version AS value, bad FROM seen
    UNION ALL SELECT step, 'workflow_version', workflow_version, bad FROM seen
    UNION ALL SELECT step, 'prompt_version', prompt_version, bad FROM seen
    UNION ALL SELECT step, 'model', model, bad FROM seen
    UNION ALL SELECT step, 'channel', channel, bad FROM seen
    UNION ALL SELECT step, 'intent', intent, bad FROM seen
    UNION ALL SELECT step, 'language', language, bad FROM seen
    UNION ALL SELECT step, 'region', region, bad FROM seen
    UNION ALL SELECT step, 'tenant', tenant, bad FROM seen
    UNION ALL SELECT step, 'path', path, bad FROM seen
)
SELECT step, slice, value, count(*) AS n, count(*) FILTER (bad) AS bad
FROM long
WHERE value IS NOT NULL
GROUP BY step, slice, value
ORDER BY step, slice, value
