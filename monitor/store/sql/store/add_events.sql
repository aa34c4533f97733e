-- Stores the events of the batch that is shown as `arriving`.
INSERT INTO events_raw BY NAME SELECT * FROM arriving
