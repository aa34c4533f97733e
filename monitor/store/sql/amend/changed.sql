-- Where what is to be amended, shown as `wanted`, differs from what is: of the events that are shown as `amending`, and are still there.
WITH own AS (
    SELECT a.* FROM amended AS a
    JOIN amending AS e ON e.stream = a.stream AND e."offset" = a."offset" AND e.idx = a.idx
), differs AS (
    SELECT DISTINCT stream, "offset", idx
    FROM ((SELECT * FROM own EXCEPT SELECT * FROM wanted) UNION ALL (SELECT * FROM wanted EXCEPT SELECT * FROM own))
)
SELECT d.stream, d."offset", d.idx
FROM differs AS d
SEMI JOIN events_raw AS e ON e.stream = d.stream AND e."offset" = d."offset" AND e.idx = d.idx
