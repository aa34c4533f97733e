-- How many different interactions had a bad trial of a series since an onset, and how many bad trials that were.
SELECT count(DISTINCT interaction_id) AS interactions, count(*) AS trials
FROM {trials} AS trials
WHERE signal = $signal AND workflow = $workflow AND ($step IS NULL OR step = $step) AND bad
  AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($at AS BIGINT) * 1000000)
