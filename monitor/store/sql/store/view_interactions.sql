-- The ends of interactions: one row for each interaction event, as it is known by now.
CREATE OR REPLACE VIEW interactions AS
SELECT * FROM events WHERE type = 'interaction'
