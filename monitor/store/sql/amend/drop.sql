-- Takes away what was amended of the events that are shown as `said`, as it was.
DELETE FROM amended USING said AS s
WHERE amended.stream = s.stream AND amended."offset" = s."offset" AND amended.idx = s.idx AND s.sign = -1
