-- The incidents that a sink is to show for the first time and has not tried to, oldest first, and that are in no storm nor
-- were taken out of one.
SELECT o.incident, i.about, i.severity
FROM outbox AS o
JOIN incidents_raw AS i ON i.id = o.incident
WHERE o.sink = $sink AND o.state = 'due' AND o.sent = 0 AND o.attempt = 0 AND o.handle IS NULL
  AND o.due_at <= make_timestamp(CAST($now AS BIGINT) * 1000000)
  AND NOT EXISTS (
      FROM storm_members AS m
      JOIN storms AS s ON s.id = m.storm
      WHERE m.incident = o.incident AND s.sink = o.sink AND (m.apart OR s.ended_at IS NULL OR i.state = 'resolved')
  )
ORDER BY o.wanted_at, o.incident
