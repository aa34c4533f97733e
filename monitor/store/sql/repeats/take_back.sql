-- Takes the counts that are shown as `arriving_counts` away again, never more than there is, and so that no more bad ones
-- than trials are left (a signal may say something else today): from their minute, or from the hour or day it was summed to.
INSERT INTO counts BY NAME
WITH places AS (
    SELECT a.*, unnest([minute, date_trunc('hour', minute), date_trunc('day', minute)]) AS place, unnest([0, 1, 2]) AS coarse
    FROM arriving_counts AS a
), held AS (
    SELECT minute, series, sum(n) AS n, sum(bad) AS bad
    FROM counts
    WHERE minute IN (SELECT place FROM places)
    GROUP BY ALL
), aimed AS (
    SELECT p.place, p.series, p.n, p.bad, p.known_at, h.n AS most, h.bad AS most_bad
    FROM places AS p
    JOIN held AS h ON h.minute = p.place AND h.series = p.series
    QUALIFY row_number() OVER (PARTITION BY p.minute, p.series ORDER BY h.n >= p.n AND h.bad >= p.bad DESC, p.coarse) = 1
)
SELECT place AS minute, series, -CAST(least(sum(n), any_value(most)) AS INTEGER) AS n,
       -CAST(least(any_value(most_bad), greatest(sum(bad), any_value(most_bad) - greatest(any_value(most) - sum(n), 0))) AS INTEGER) AS bad,
       any_value(known_at) AS known_at
FROM aimed
GROUP BY place, series
