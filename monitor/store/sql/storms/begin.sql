-- Begins a storm.
INSERT INTO storms VALUES ($storm, $sink, make_timestamp(CAST($now AS BIGINT) * 1000000), NULL, 'watch', 0)
