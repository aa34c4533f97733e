-- Stores the latency counts that are shown as `arriving_latency`.
INSERT INTO latency BY NAME SELECT * FROM arriving_latency
