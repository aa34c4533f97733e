-- Every workflow that ever had a count.
SELECT DISTINCT workflow FROM series ORDER BY workflow
