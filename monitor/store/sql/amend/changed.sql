-- Where what the store has to say, shown as `wanted`, `lacks` and `closing`, differs from what it says: of the events that are shown as
-- `amending`, as far as they are still there, and of the ends that it made, shown as `held`.
WITH place AS (
    SELECT stream, "offset", idx FROM amending UNION SELECT stream, "offset", idx FROM held
), own AS (
    SELECT a.* FROM amended AS a
    SEMI JOIN place AS p ON p.stream = a.stream AND p."offset" = a."offset" AND p.idx = a.idx
), lacked AS (
    SELECT l.* FROM lacking AS l
    SEMI JOIN place AS p ON p.stream = l.stream AND p."offset" = l."offset" AND p.idx = l.idx
), differs AS (
    SELECT stream, "offset", idx
    FROM ((SELECT * FROM own EXCEPT SELECT * FROM wanted) UNION ALL (SELECT * FROM wanted EXCEPT SELECT * FROM own))
    UNION
    SELECT stream, "offset", idx
    FROM ((SELECT * FROM lacked EXCEPT SELECT * FROM lacks) UNION ALL (SELECT * FROM lacks EXCEPT SELECT * FROM lacked))
    UNION
    SELECT stream, "offset", idx
    FROM ((SELECT * FROM held EXCEPT SELECT * FROM closing) UNION ALL (SELECT * FROM closing EXCEPT SELECT * FROM held))
)
SELECT d.stream, d."offset", d.idx
FROM differs AS d
SEMI JOIN events_raw AS e ON e.stream = d.stream AND e."offset" = d."offset" AND e.idx = greatest(d.idx, -1 - d.idx)
UNION
SELECT d.stream, d."offset", d.idx
FROM differs AS d
SEMI JOIN held AS h ON h.stream = d.stream AND h."offset" = d."offset" AND h.idx = d.idx
