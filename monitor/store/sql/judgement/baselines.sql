-- The baselines in force at an instant: for each name and series the newest that was valid then.
SELECT name, signal, workflow, step, segment, CAST(epoch(valid_from) AS BIGINT) AS valid_from, rate, volume, mean, trials, bad,
       per_tick, dispersion, volume_dispersion, since, until, armed, margin
FROM baselines
WHERE valid_from <= make_timestamp(CAST($at AS BIGINT) * 1000000)
QUALIFY row_number() OVER (PARTITION BY name, signal, workflow, step, segment ORDER BY valid_from DESC) = 1
ORDER BY name, signal, workflow, step, segment
