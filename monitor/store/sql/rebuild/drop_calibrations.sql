-- Deletes the calibrations that were made at an instant: they are made again.
DELETE FROM calibrations_raw WHERE valid_from = make_timestamp(CAST($at AS BIGINT) * 1000000)
