-- Makes those of the ends that are shown as `closing` that are shown as `changing`.
INSERT INTO events_closed BY NAME
SELECT n.* FROM closing AS n
JOIN changing AS c ON n.stream = c.stream AND n."offset" = c."offset" AND n.idx = c.idx
