-- Keeps back, until an instant, what is due of a storm, goes on, is in nobody's hands and no worse than it was.
UPDATE outbox SET state = 'held', reason = $reason, due_at = make_timestamp(CAST($until AS BIGINT) * 1000000)
WHERE sink = $sink AND state IN ('due', 'held') AND due_at <= make_timestamp(CAST($now AS BIGINT) * 1000000)
  AND incident IN (
      SELECT m.incident
      FROM storm_members AS m
      JOIN incidents_raw AS i ON i.id = m.incident
      WHERE m.storm = $storm AND NOT m.apart AND i.state = 'open'
        AND list_position(['watch', 'ticket', 'page'], i.severity) <= list_position(['watch', 'ticket', 'page'], m.severity)
  )
