-- The newest verdict of each watched series: all are written at least daily, so that an older one is of nothing watched any more.
SELECT CAST(epoch(judged_at) AS BIGINT) AS at, detector, signal, workflow, step, segment, direction, state,
       CAST(epoch(onset) AS BIGINT) AS onset, baseline_rate, current_rate, change_low, change_high, n, bad, evidence, threshold, why
FROM verdicts_raw
WHERE judged_at > (SELECT max(judged_at) FROM verdicts_raw) - INTERVAL 3 DAY
QUALIFY row_number() OVER (PARTITION BY detector, signal, workflow, step, segment, direction ORDER BY judged_at DESC) = 1
ORDER BY workflow, step NULLS FIRST, signal, detector
