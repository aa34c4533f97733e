-- Learns, for each step and quarter of the local day, the latency that 5 % of its calls exceeded; few calls teach nothing.
INSERT INTO latency_limits
SELECT workflow, step, hour(ts + to_seconds(CAST($offset AS BIGINT))) // 6 AS band, quantile_cont(latency_ms, 0.95),
       make_timestamp(CAST($valid_from AS BIGINT) * 1000000)
FROM events_raw
WHERE type = 'step' AND counted AND latency_ms IS NOT NULL
  AND NOT list_contains(CAST($frozen AS VARCHAR[]), workflow || chr(31) || step)
  AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
GROUP BY workflow, step, band
HAVING count(*) >= $min_trials
