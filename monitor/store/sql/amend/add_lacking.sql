-- Says which steps events lack, by what is shown as `lacks`, as it is to be.
INSERT INTO lacking BY NAME SELECT * EXCLUDE (sign) FROM lacks WHERE sign = 1
