-- For each of some signals and each step of a workflow in a span: trials and bad ones.
SELECT signal, step, CAST(sum(n) AS BIGINT) AS n, CAST(sum(bad) AS BIGINT) AS bad
FROM counts AS c
JOIN series AS s ON s.id = c.series
WHERE workflow = $workflow
  AND list_contains(CAST($signals AS VARCHAR[]), signal)
  AND minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
GROUP BY signal, step
ORDER BY signal, step
