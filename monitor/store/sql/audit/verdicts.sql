-- The newest verdict on each series of a workflow in the two days before an instant (all are written at least daily), and since when
-- it was steady; epoch seconds.
WITH told AS (
    SELECT detector, signal, step, segment, direction, arg_max(state, judged_at) AS state, max(judged_at) AS judged_at,
           arg_max(onset, judged_at) AS onset, arg_max(baseline_rate, judged_at) AS baseline_rate,
           arg_max(current_rate, judged_at) AS current_rate, max(judged_at) FILTER (state NOT IN ('steady', 'watch', 'better')) AS turned_at
    FROM verdicts_raw
    WHERE workflow = $workflow AND judged_at <= make_timestamp(CAST($until AS BIGINT) * 1000000)
    GROUP BY detector, signal, step, segment, direction
)
SELECT t.detector, t.signal, t.step, t.state, CAST(epoch(t.onset) AS BIGINT) AS onset, t.baseline_rate, t.current_rate,
       CAST(epoch(min(v.judged_at)) AS BIGINT) AS steady_at
FROM told AS t
LEFT JOIN verdicts_raw AS v
  ON v.workflow = $workflow AND v.detector = t.detector AND v.signal = t.signal AND v.step IS NOT DISTINCT FROM t.step
 AND v.segment IS NOT DISTINCT FROM t.segment AND v.direction = t.direction AND v.state = 'steady'
 AND v.judged_at <= t.judged_at AND (t.turned_at IS NULL OR v.judged_at > t.turned_at)
WHERE t.judged_at > make_timestamp(CAST($until AS BIGINT) * 1000000) - INTERVAL 2 DAY
GROUP BY ALL
ORDER BY t.signal, t.step, t.detector, t.state
