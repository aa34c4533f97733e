-- The dispersion of each series of a workflow whose failures are counted, from the baseline in force at an instant.
SELECT signal, step, dispersion
FROM baselines
WHERE name = 'default' AND workflow = $workflow AND signal IN ('step_failure', 'interaction_failure') AND armed > 0
  AND valid_from <= make_timestamp(CAST($at AS BIGINT) * 1000000)
QUALIFY row_number() OVER (PARTITION BY signal, step ORDER BY valid_from DESC) = 1
