-- The newest verdict of each watched series.
SELECT CAST(epoch(judged_at) AS BIGINT) AS at, detector, signal, workflow, step, segment, direction, state,
       CAST(epoch(onset) AS BIGINT) AS onset, baseline_rate, current_rate, change_low, change_high, n, bad, evidence, threshold, why
FROM verdicts_raw
QUALIFY row_number() OVER (PARTITION BY detector, signal, workflow, step, segment, direction ORDER BY judged_at DESC) = 1
ORDER BY workflow, step NULLS FIRST, signal, detector
