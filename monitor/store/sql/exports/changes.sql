-- Every change of an incident, as the view shows it.
SELECT * FROM changes ORDER BY changed_at, incident, number
