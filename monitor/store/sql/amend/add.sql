-- Amends events by what is shown as `said`, as it is to be.
INSERT INTO amended BY NAME SELECT * EXCLUDE (sign) FROM said WHERE sign = 1
