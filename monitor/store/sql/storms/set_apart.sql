-- Gives an incident of a storm a message of its own.
UPDATE storm_members SET apart = true WHERE storm = $storm AND incident = $incident
