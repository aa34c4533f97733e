-- How far each stream was looked through for what amends, where its events end, and how many are left.
SELECT e.stream, coalesce(any_value(a.next), 0) AS next, max(e."offset") + 1 AS until,
       count(*) FILTER (e."offset" >= coalesce(a.next, 0)) AS n
FROM events_raw AS e
LEFT JOIN amended_to AS a ON a.stream = e.stream
GROUP BY e.stream
