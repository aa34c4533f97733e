-- Ends a silence before its time; one that is over is left as it is.
UPDATE silences_raw SET ended_at = make_timestamp(CAST($now AS BIGINT) * 1000000), ended_by = $who
WHERE id = $id AND ended_at IS NULL AND until > make_timestamp(CAST($now AS BIGINT) * 1000000)
