-- The greatest number of a dead letter; 0 when there is none.
SELECT coalesce(max(id), 0) AS id FROM dead_letters_raw
