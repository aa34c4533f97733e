-- Streams that hold events which were not looked through yet for what amends, with where those begin and end, and how many they are.
SELECT e.stream, min(e."offset") AS first, max(e."offset") + 1 AS until, count(*) AS n
FROM events_raw AS e
LEFT JOIN amended_to AS a ON a.stream = e.stream
WHERE e."offset" >= coalesce(a.next, 0)
GROUP BY e.stream
ORDER BY e.stream
