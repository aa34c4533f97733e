-- Stores the minute counts that are shown as `arriving_counts`.
INSERT INTO counts BY NAME SELECT * FROM arriving_counts
