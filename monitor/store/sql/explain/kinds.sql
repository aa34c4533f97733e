-- Of what kind the bad trials of a series were: in the 28 days before an onset, and since it.
SELECT detail AS kind,
       count(*) FILTER (ts < make_timestamp(CAST($onset AS BIGINT) * 1000000)) AS bad_before,
       count(*) FILTER (ts >= make_timestamp(CAST($onset AS BIGINT) * 1000000)) AS bad_since
FROM {trials} AS trials
WHERE signal = $signal AND workflow = $workflow AND ($step IS NULL OR step = $step) AND bad
  AND ts >= make_timestamp(CAST($onset AS BIGINT) * 1000000) - INTERVAL 28 DAY
  AND ts < make_timestamp(CAST($at AS BIGINT) * 1000000)
GROUP BY detail
ORDER BY bad_since DESC, kind
