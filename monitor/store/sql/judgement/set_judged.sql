-- Remembers how far was judged, and the mark up to which rows of counts were known then.
INSERT INTO progress VALUES
    ('judged', make_timestamp(CAST($at AS BIGINT) * 1000000)),
    ('folded', make_timestamp(CAST($mark AS BIGINT)))
ON CONFLICT (name) DO UPDATE SET reached = excluded.reached
