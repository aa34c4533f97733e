-- Removes what incidents last told, before it is written again.
DELETE FROM incident_told WHERE incident IN (SELECT unnest($incidents))
