-- Deletes what is kept of late counts of minutes before an instant.
DELETE FROM late_counts WHERE minute < make_timestamp(CAST($before AS BIGINT) * 1000000)
