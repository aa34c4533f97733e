-- Takes away which steps the events lack that are shown as `lacks`, as it was.
DELETE FROM lacking USING lacks AS l
WHERE lacking.stream = l.stream AND lacking."offset" = l."offset" AND lacking.idx = l.idx AND l.sign = -1
