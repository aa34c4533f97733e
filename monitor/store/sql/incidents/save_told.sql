-- Writes how large a change an incident last told.
INSERT INTO incident_told VALUES ($incident, $size)
