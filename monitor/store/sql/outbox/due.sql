-- What is to be sent now to one sink, oldest first: news before what is only repeated, pages before tickets.
-- $repeats: the sink wants what still holds anew when it is due again.
SELECT o.incident, o.sink, o.wanted, o.sent, o.tries, o.attempt, o.sending, CAST(o.handle AS VARCHAR) AS handle,
       CAST(epoch(o.wanted_at) AS BIGINT) AS wanted_at
FROM outbox AS o
JOIN incidents_raw AS i ON i.id = o.incident
WHERE o.sink = $sink AND o.due_at <= make_timestamp(CAST($now AS BIGINT) * 1000000)
  AND (o.state = 'due' OR ($repeats AND i.state <> 'resolved'))
ORDER BY o.state = 'due' DESC, i.severity = 'page' DESC, o.wanted_at, o.incident
LIMIT 1
