-- The least mark (microseconds) after one and up to another of counts whose minutes are not closed yet; NULL when there is none.
SELECT epoch_us(min(known_at)) AS at
FROM counts
WHERE known_at > make_timestamp(CAST($after AS BIGINT)) AND known_at <= make_timestamp(CAST($folded AS BIGINT))
  AND minute >= make_timestamp(CAST($before AS BIGINT) * 1000000)
