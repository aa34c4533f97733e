-- Deletes the counts whose sums are in `summed`.
DELETE FROM counts
WHERE minute >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND minute < make_timestamp(CAST($until AS BIGINT) * 1000000)
  AND NOT list_contains(CAST($protected AS INTEGER[]), series)
  AND known_at <= make_timestamp(CAST($folded AS BIGINT))
