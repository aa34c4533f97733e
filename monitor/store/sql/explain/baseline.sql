-- The baseline of a series that was in force at an instant.
SELECT rate, volume, mean, trials, dispersion, armed
FROM baselines
WHERE name = $name AND signal = $signal AND workflow = $workflow AND step IS NOT DISTINCT FROM $step
  AND valid_from <= make_timestamp(CAST($at AS BIGINT) * 1000000)
ORDER BY valid_from DESC
LIMIT 1
