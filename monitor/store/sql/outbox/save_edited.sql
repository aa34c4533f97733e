-- Writes which change a sink shows without having told it.
INSERT INTO outbox_edited VALUES ($incident, $sink, $number)
