-- Takes away those of the ends that the store made that are shown as `changing`.
DELETE FROM events_closed USING changing AS c
WHERE events_closed.stream = c.stream AND events_closed."offset" = c."offset" AND events_closed.idx = c.idx
