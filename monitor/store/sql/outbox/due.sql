-- What is to be looked at now for one sink, oldest first: news before what is only repeated, pages before tickets, of each what
-- nobody was told of before what is told further (a digest always tells of such), reports last.
-- $repeats: the sink wants what still holds anew when it is due again. `shown` is the newest change that the sink shows; a
-- `digest` is a storm's, whose id stands for an incident.
SELECT o.incident, o.sink, o.state, o.wanted, o.sent, greatest(o.sent, coalesce(e.number, 0)) AS shown, o.tries, o.attempt,
       o.sending, CAST(o.handle AS VARCHAR) AS handle, CAST(epoch(o.wanted_at) AS BIGINT) AS wanted_at, coalesce(i.about, 'agents') AS about,
       s.id IS NOT NULL AS digest, starts_with(o.incident, 'audit_') AS report
FROM outbox AS o
LEFT JOIN incidents_raw AS i ON i.id = o.incident
LEFT JOIN storms AS s ON s.id = o.incident
LEFT JOIN outbox_edited AS e ON e.incident = o.incident AND e.sink = o.sink
WHERE o.sink = $sink AND o.due_at <= make_timestamp(CAST($now AS BIGINT) * 1000000)
  AND (o.state IN ('due', 'held') OR ($repeats AND (i.state <> 'resolved' OR (s.id IS NOT NULL AND s.ended_at IS NULL))))
ORDER BY report, o.state IN ('due', 'held') DESC, coalesce(s.severity, i.severity) = 'page' DESC, o.sent > 0 AND s.id IS NULL, o.wanted_at, o.incident
LIMIT 1
