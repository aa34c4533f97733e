-- The events of a stream from one offset up to another, of which nobody knows yet what they say of others; `needs`: some steps have to have run.
SELECT workflow, interaction_id, type, epoch_us(ts) AS ts, outcome = 'success' AND len(required_steps) > 0 AS needs, required_steps
FROM events_brief
WHERE stream = {stream} AND "offset" >= {since} AND "offset" < {until}
