-- Deletes the baselines that were fitted at an instant: they are fitted again.
DELETE FROM baselines WHERE valid_from = make_timestamp(CAST($at AS BIGINT) * 1000000)
