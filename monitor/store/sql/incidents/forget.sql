-- Makes room for the incident's new state, which replaces the old one in the same transaction.
DELETE FROM incidents_raw WHERE id = $incident
