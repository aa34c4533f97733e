-- Deletes verdicts of before an instant.
DELETE FROM verdicts_raw WHERE judged_at < make_timestamp(CAST($before AS BIGINT) * 1000000)
