-- Makes room for the detectors' new memory, which replaces the old one in the same transaction.
DELETE FROM detector_state
