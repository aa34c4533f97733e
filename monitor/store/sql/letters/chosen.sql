-- The dead letters that are read again, the oldest first: by number, by class, or all.
SELECT id, octet_length(raw) AS held, size
FROM dead_letters_raw
WHERE $every OR class = $kind OR list_contains(CAST($ids AS BIGINT[]), id)
ORDER BY id
