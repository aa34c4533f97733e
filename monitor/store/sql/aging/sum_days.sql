-- The days before an instant whose counts are not summed yet to hours or days ($unit), the protected series left out.
SELECT DISTINCT CAST(epoch(date_trunc('day', minute)) AS BIGINT) AS day
FROM counts
WHERE minute < make_timestamp(CAST($before AS BIGINT) * 1000000) AND minute <> date_trunc($unit, minute)
  AND NOT list_contains(CAST($protected AS INTEGER[]), series)
  AND known_at <= make_timestamp(CAST($folded AS BIGINT))
ORDER BY 1
