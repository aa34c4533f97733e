-- Deletes latency limits of before an instant that a newer one of the same step and quarter of the day has replaced.
DELETE FROM latency_limits
WHERE rowid IN (
    SELECT rowid
    FROM latency_limits
    QUALIFY valid_from < make_timestamp(CAST($before AS BIGINT) * 1000000)
        AND valid_from < max(valid_from) OVER (PARTITION BY workflow, step, band)
)
