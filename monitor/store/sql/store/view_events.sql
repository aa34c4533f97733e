-- What every predicate is written over: one row for each step or interaction event.
CREATE OR REPLACE VIEW events AS
SELECT * FROM events_raw WHERE type IN ('step', 'interaction')
