-- How many incidents of a storm each workflow has, and how many of them go on, the most first.
SELECT i.workflow, count(*) AS incidents, count(*) FILTER (WHERE i.state <> 'resolved') AS left
FROM storm_members AS m
JOIN incidents_raw AS i ON i.id = m.incident
WHERE m.storm = $storm
GROUP BY 1
ORDER BY incidents DESC, i.workflow
