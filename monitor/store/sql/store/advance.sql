-- Moves a stream's position, provided that it is where this process left it; one row changes, or something is wrong.
UPDATE streams
SET next = $next, received = received + $received,
    newest = greatest(newest, make_timestamp(CAST($newest_us AS BIGINT))),
    updated_at = coalesce(make_timestamp(CAST($at_us AS BIGINT)), updated_at)
WHERE id = $id AND next = $expected
