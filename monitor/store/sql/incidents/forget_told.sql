-- Removes what an incident last told, before it is written again.
DELETE FROM incident_told WHERE incident = $incident
