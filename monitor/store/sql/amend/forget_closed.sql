-- Forgets the ends that the store made of interactions that have left: those of before the oldest event.
DELETE FROM events_closed WHERE ts < (SELECT min(ts) FROM events_raw)
