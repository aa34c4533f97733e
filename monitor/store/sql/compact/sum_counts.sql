-- The sums of those minutes and series of a span that have several rows, as far as they are judged.
CREATE OR REPLACE TEMP TABLE compacted AS
SELECT minute, series, CAST(sum(n) AS INTEGER) AS n, CAST(sum(bad) AS INTEGER) AS bad, max(known_at) AS known_at, writer
FROM counts
WHERE minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
  AND known_at <= make_timestamp(CAST($folded AS BIGINT))
GROUP BY minute, series, writer
HAVING count(*) > 1
