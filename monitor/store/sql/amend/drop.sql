-- Takes away what was amended of the events that are shown as `changing`.
DELETE FROM amended USING changing AS c
WHERE amended.stream = c.stream AND amended."offset" = c."offset" AND amended.idx = c.idx
