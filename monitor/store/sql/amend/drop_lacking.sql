-- Takes away which steps the events lack that are shown as `changing`.
DELETE FROM lacking USING changing AS c
WHERE lacking.stream = c.stream AND lacking."offset" = c."offset" AND lacking.idx = c.idx
