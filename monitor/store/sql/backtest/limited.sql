-- Steps that have a latency limit in force at an instant and no series of `slow` yet: the first minute counted by it.
WITH limits AS (
    SELECT workflow, step, band, limit_ms
    FROM latency_limits
    WHERE valid_from <= make_timestamp(CAST($at AS BIGINT) * 1000000)
    QUALIFY row_number() OVER (PARTITION BY workflow, step, band ORDER BY valid_from DESC) = 1
)
SELECT e.workflow, e.step, epoch_us(min(e.ts)) // 60000000 * 60 AS first
FROM events_raw AS e
JOIN limits AS l
  ON l.workflow = e.workflow AND l.step = e.step AND l.band = hour(e.ts + to_seconds(CAST($offset AS BIGINT))) // 6
WHERE e.type = 'step' AND e.counted AND e.latency_ms IS NOT NULL
  AND e.ts >= make_timestamp(CAST($at AS BIGINT) * 1000000)
  AND NOT EXISTS (SELECT 1 FROM series AS s WHERE s.signal = 'slow' AND s.workflow = e.workflow AND s.step = e.step)
GROUP BY e.workflow, e.step
ORDER BY e.workflow, e.step
