-- Of each workflow how far its interactions were closed (microseconds): it was looked from `first_us` on, wholly up to `since_us`; some were
-- closed up to `until_us`. What was not noted is read off the last steps of those that are closed.
SELECT workflow, coalesce(epoch_us(n.first), 9223372036854775807) AS first_us, coalesce(epoch_us(n.next), 0) AS since_us,
       greatest(coalesce(epoch_us(n.next), 0), coalesce(c.last_us + 1, 0)) AS until_us
FROM closed_to AS n
FULL JOIN (
    SELECT k.workflow, max(epoch_us(e.ts)) AS last_us
    FROM events_closed AS k
    JOIN events_raw AS e ON e.stream = k.stream AND e."offset" = k."offset" AND e.idx = -1 - k.idx
    GROUP BY k.workflow
) AS c USING (workflow)
