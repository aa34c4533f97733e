-- Every incident, as the view shows it.
SELECT * FROM incidents ORDER BY opened_at, id
