-- The ends of interactions: one row for each interaction event.
CREATE OR REPLACE VIEW interactions AS
SELECT * FROM events_raw WHERE type = 'interaction'
