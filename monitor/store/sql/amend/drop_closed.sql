-- Takes away the ends that the store made that are shown as `gone`.
DELETE FROM events_closed USING gone AS p
WHERE events_closed.stream = p.stream AND events_closed."offset" = p."offset" AND events_closed.idx = p.idx
