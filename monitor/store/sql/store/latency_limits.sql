-- The latency limits in force: for each step and quarter of the day the newest.
SELECT workflow, step, band, limit_ms
FROM latency_limits
QUALIFY row_number() OVER (PARTITION BY workflow, step, band ORDER BY valid_from DESC) = 1
ORDER BY workflow, step, band
