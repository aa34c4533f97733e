-- Stores the events of the batch that is shown as `arriving`.
-- The second part is always empty. A source that cannot be split keeps the insert in one thread: with several, each makes
-- a table of its own rows that is copied into the common one afterwards, which costs twice as much, or thrice on DuckDB 1.5.
INSERT INTO events_kept BY NAME (
    SELECT * FROM arriving
    UNION ALL BY NAME
    SELECT CAST(range AS INTEGER) AS stream FROM range(0)
)
