-- The names of all tables and views, those of DuckDB too.
SELECT table_name FROM duckdb_tables() UNION SELECT view_name FROM duckdb_views()
