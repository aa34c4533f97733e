-- Puts the sums in the place of what they sum.
INSERT INTO latency BY NAME SELECT * FROM compacted
