-- For each value of each slice: trials and bad ones of a series in the 28 days before an onset and since it.
WITH seen AS (
    SELECT *, ts >= make_timestamp(CAST($onset AS BIGINT) * 1000000) AS after
    FROM {trials} AS trials
    WHERE signal = $signal AND workflow = $workflow AND ($step IS NULL OR step = $step)
      AND ts >= make_timestamp(CAST($onset AS BIGINT) * 1000000) - INTERVAL 28 DAY
      AND ts < make_timestamp(CAST($at AS BIGINT) * 1000000)
),
long AS (
    SELECT 'agent_version' AS slice, agent_version AS value, after, bad FROM seen
    UNION ALL SELECT 'workflow_version', workflow_version, after, bad FROM seen
    UNION ALL SELECT 'prompt_version', prompt_version, after, bad FROM seen
    UNION ALL SELECT 'model', model, after, bad FROM seen
    UNION ALL SELECT 'channel', channel, after, bad FROM seen
    UNION ALL SELECT 'intent', intent, after, bad FROM seen
    UNION ALL SELECT 'language', language, after, bad FROM seen
    UNION ALL SELECT 'region', region, after, bad FROM seen
    UNION ALL SELECT 'tenant', tenant, after, bad FROM seen
    UNION ALL SELECT 'path', path, after, bad FROM seen
)
SELECT slice, value,
       count(*) FILTER (NOT after) AS n_before, count(*) FILTER (NOT after AND bad) AS bad_before,
       count(*) FILTER (after) AS n_since, count(*) FILTER (after AND bad) AS bad_since
FROM long
WHERE value IS NOT NULL
GROUP BY slice, value
ORDER BY slice, value
