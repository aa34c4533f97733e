-- Notes what became of a skip.
UPDATE skips
SET taken_at = make_timestamp(CAST($taken AS BIGINT)), answer = $answer, from_offset = CAST($start AS BIGINT),
    to_offset = CAST($target AS BIGINT), lost = CAST($lost AS BIGINT)
WHERE id = $id AND taken_at IS NULL
