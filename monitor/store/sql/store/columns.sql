-- The columns of a table, in order; no row when there is no such table.
SELECT column_name AS name, data_type AS type
FROM information_schema.columns
WHERE table_schema = 'main' AND table_name = $name
ORDER BY ordinal_position
