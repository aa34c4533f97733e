-- Amends the events that are shown as `changing` by what is shown as `wanted`.
INSERT INTO amended BY NAME
SELECT w.* FROM wanted AS w
JOIN changing AS c ON w.stream = c.stream AND w."offset" = c."offset" AND w.idx = c.idx
