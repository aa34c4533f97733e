-- Forgets the reports that were told or refused: another one is asked for.
DELETE FROM outbox WHERE starts_with(incident, 'audit_')
