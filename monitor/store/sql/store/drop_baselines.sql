-- Deletes baselines of before an instant that a newer one of the same series has replaced.
DELETE FROM baselines
WHERE rowid IN (
    SELECT rowid
    FROM baselines
    QUALIFY valid_from < make_timestamp(CAST($before AS BIGINT) * 1000000)
        AND valid_from < max(valid_from) OVER (PARTITION BY name, signal, workflow, step, segment)
)
