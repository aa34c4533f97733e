-- Ends what is due of a storm and is over: its digest tells it.
UPDATE outbox SET state = 'muted', reason = $reason
WHERE sink = $sink AND state IN ('due', 'held') AND due_at <= make_timestamp(CAST($now AS BIGINT) * 1000000)
  AND incident IN (
      SELECT m.incident
      FROM storm_members AS m
      JOIN incidents_raw AS i ON i.id = m.incident
      WHERE m.storm = $storm AND NOT m.apart AND i.state = 'resolved'
  )
