-- Takes the counts that are shown as `arriving_counts` away again, never more than a minute has.
INSERT INTO counts BY NAME
SELECT a.minute, a.series, -CAST(least(a.n, h.n) AS INTEGER) AS n, -CAST(least(a.bad, h.bad) AS INTEGER) AS bad, a.known_at
FROM arriving_counts AS a
JOIN (
    SELECT minute, series, sum(n) AS n, sum(bad) AS bad
    FROM counts
    WHERE minute IN (SELECT minute FROM arriving_counts)
    GROUP BY ALL
) AS h ON h.minute = a.minute AND h.series = a.series
