-- The tables of events, in the order of arrival: `$name` with the numbers 1, 2, …, and `$name` itself.
SELECT table_name
FROM duckdb_tables()
WHERE table_name = $name OR starts_with(table_name, $name || '_')
ORDER BY table_name = $name, TRY_CAST(substr(table_name, length($name) + 2) AS INTEGER)
