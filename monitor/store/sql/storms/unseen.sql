-- The incidents that a sink is to show for the first time, those too that it did not take yet or that a mute kept back until now,
-- oldest first; but for those that are in a storm or were taken out of one.
SELECT o.incident, o.sink, o.state, o.wanted, i.about, i.severity
FROM outbox AS o
JOIN incidents_raw AS i ON i.id = o.incident
WHERE o.sink = $sink AND o.sent = 0 AND o.attempt = 0 AND (o.handle IS NULL OR CAST(o.handle AS VARCHAR) = 'null')
  AND (o.state = 'due' OR (o.state = 'held' AND o.due_at <= make_timestamp(CAST($now AS BIGINT) * 1000000)))
  AND NOT EXISTS (FROM outbox_edited AS e WHERE e.incident = o.incident AND e.sink = o.sink)
  AND NOT EXISTS (
      FROM storm_members AS m
      JOIN storms AS s ON s.id = m.storm
      WHERE m.incident = o.incident AND s.sink = o.sink AND (m.apart OR s.ended_at IS NULL OR i.state = 'resolved')
  )
ORDER BY o.wanted_at, o.incident
