-- Ends a storm.
UPDATE storms SET ended_at = make_timestamp(CAST($now AS BIGINT) * 1000000) WHERE id = $storm AND ended_at IS NULL
