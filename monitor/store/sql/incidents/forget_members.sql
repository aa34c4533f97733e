-- Makes room for the new members of incidents, which replace the old ones in the same transaction.
DELETE FROM incident_members WHERE incident IN (SELECT unnest($incidents))
