-- Says of the events that are shown as `changing` which steps they lack, by what is shown as `lacks`.
INSERT INTO lacking BY NAME
SELECT l.* FROM lacks AS l
JOIN changing AS c ON l.stream = c.stream AND l."offset" = c."offset" AND l.idx = c.idx
