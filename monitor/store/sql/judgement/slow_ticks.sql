-- For each tick and step of a span: calls with a known latency, and those over the limit that is in force at an instant.
WITH limits AS (
    SELECT workflow, step, band, limit_ms
    FROM latency_limits
    WHERE valid_from <= make_timestamp(CAST($at AS BIGINT) * 1000000)
    QUALIFY row_number() OVER (PARTITION BY workflow, step, band ORDER BY valid_from DESC) = 1
)
SELECT (epoch_us(e.ts) // 1000000 - CAST($since AS BIGINT)) // CAST($tick AS BIGINT) AS tick, e.workflow, e.step,
       count(*) AS n, count(*) FILTER (e.latency_ms > l.limit_ms) AS bad
FROM events_raw AS e
JOIN limits AS l
  ON l.workflow = e.workflow AND l.step = e.step AND l.band = hour(e.ts + to_seconds(CAST($offset AS BIGINT))) // 6
WHERE e.type = 'step' AND e.counted AND e.latency_ms IS NOT NULL
  AND e.ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND e.ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
GROUP BY ALL
