-- Lets what is kept back be looked at again now: a mute has ended, or the clock or the configuration has changed.
UPDATE outbox SET due_at = make_timestamp(CAST($now AS BIGINT) * 1000000)
WHERE state = 'held' AND ($sink IS NULL OR sink = $sink)
