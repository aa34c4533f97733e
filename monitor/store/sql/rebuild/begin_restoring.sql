-- Says that what is in this file is not whole until the last of the exports is read.
INSERT INTO meta VALUES ('restoring', 'events')
