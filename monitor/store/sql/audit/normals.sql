-- What is normal for each series of a workflow, by the baselines that were in force at an instant: bad share, trials, dispersion.
SELECT name, signal, step, mean, trials, dispersion
FROM baselines
WHERE workflow = $workflow AND segment IS NULL AND armed > 0
  AND valid_from <= make_timestamp(CAST($until AS BIGINT) * 1000000)
QUALIFY row_number() OVER (PARTITION BY name, signal, step ORDER BY valid_from DESC) = 1
ORDER BY name, signal, step
