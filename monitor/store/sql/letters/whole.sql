-- Dead letters with all that is kept of them.
SELECT d.id, s.source, s.path, s.partition, s.epoch, d.stream, d."offset", epoch_us(d.received_at) AS received_us, d.class,
       d.reason, d.size, d.sha256, d.raw, d.key, d.headers
FROM dead_letters_raw AS d
LEFT JOIN streams AS s ON s.id = d.stream
WHERE list_contains(CAST($ids AS BIGINT[]), d.id)
ORDER BY d.id
