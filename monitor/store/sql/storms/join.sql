-- Adds the incidents that are shown as `gathered` to a storm.
INSERT INTO storm_members SELECT $storm, incident, severity, false FROM gathered
