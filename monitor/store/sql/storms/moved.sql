-- The storms of a sink of which incidents are due that have no message of their own: how many of them changed, how many incidents
-- of the storm go on and are told by nothing else, and when it began.
SELECT s.id AS storm, CAST(epoch(any_value(s.began_at)) AS BIGINT) AS began_at, any_value(s.ended_at) IS NOT NULL AS ended,
       count(*) FILTER (WHERE o.state = 'due' OR i.state = 'resolved') AS changed,
       (
           SELECT count(*)
           FROM storm_members AS n
           JOIN incidents_raw AS j ON j.id = n.incident
           WHERE n.storm = s.id AND NOT n.apart AND j.state <> 'resolved'
       ) AS left
FROM outbox AS o
JOIN storm_members AS m ON m.incident = o.incident AND NOT m.apart
JOIN storms AS s ON s.id = m.storm AND s.sink = o.sink
JOIN incidents_raw AS i ON i.id = o.incident
WHERE o.sink = $sink AND o.state IN ('due', 'held') AND o.due_at <= make_timestamp(CAST($now AS BIGINT) * 1000000)
GROUP BY s.id
ORDER BY s.id
