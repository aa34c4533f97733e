-- Gives an incident a message of its own, in whatever storms of a sink it is.
UPDATE storm_members SET apart = true
WHERE incident = $incident AND storm IN (SELECT id FROM storms WHERE sink = $sink)
