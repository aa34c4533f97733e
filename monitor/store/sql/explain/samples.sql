-- The newest interactions with a bad trial of a series since an onset: of what kind the last one was, and where its content is,
-- which is never stored.
SELECT interaction_id, CAST(epoch(max(ts)) AS BIGINT) AS at, max_by(detail, ts) AS kind, max(content_ref) AS content_ref
FROM {trials} AS trials
WHERE signal = $signal AND workflow = $workflow AND ($step IS NULL OR step = $step) AND bad
  AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($at AS BIGINT) * 1000000)
GROUP BY interaction_id
ORDER BY 2 DESC, 1
LIMIT $limit
