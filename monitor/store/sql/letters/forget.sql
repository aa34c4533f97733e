-- Deletes dead letters by number.
DELETE FROM dead_letters_raw WHERE list_contains(CAST($ids AS BIGINT[]), id)
