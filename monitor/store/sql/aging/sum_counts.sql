-- The counts of a span summed to hours or days ($unit), each at the beginning of its hour or day.
CREATE OR REPLACE TEMP TABLE summed AS
SELECT date_trunc($unit, minute) AS minute, series, CAST(sum(n) AS INTEGER) AS n, CAST(sum(bad) AS INTEGER) AS bad,
       max(known_at) AS known_at, writer
FROM counts
WHERE minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
  AND NOT list_contains(CAST($protected AS INTEGER[]), series)
  AND known_at <= make_timestamp(CAST($folded AS BIGINT))
GROUP BY ALL
