-- Counts a field that no event has, under its name; past a thousand names the rest counts as `…`.
INSERT INTO unknown_fields
SELECT CASE WHEN (SELECT count(*) FROM unknown_fields) < 1000 OR $name IN (SELECT name FROM unknown_fields) THEN $name ELSE '…' END,
       $n, make_timestamp(CAST($at_us AS BIGINT))
ON CONFLICT (name) DO UPDATE SET n = n + excluded.n, last_at = excluded.last_at
