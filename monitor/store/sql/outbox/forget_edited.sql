-- Forgets which change a sink shows without having told it.
DELETE FROM outbox_edited WHERE incident = $incident AND sink = $sink
