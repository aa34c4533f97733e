-- When the next delivery of all sinks is due, in epoch seconds; NULL when none waits.
SELECT epoch(min(due_at)) AS at FROM outbox WHERE state = 'due'
