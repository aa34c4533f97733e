-- Makes room for the incident's new members, which replace the old ones in the same transaction.
DELETE FROM incident_members WHERE incident = $incident
