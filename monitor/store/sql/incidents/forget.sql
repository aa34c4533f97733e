-- Makes room for the new states of incidents, which replace the old ones in the same transaction.
DELETE FROM incidents_raw WHERE id IN (SELECT unnest($incidents))
