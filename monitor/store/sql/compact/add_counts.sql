-- Puts the sums in the place of what they sum.
INSERT INTO counts BY NAME SELECT * FROM compacted
