-- Forgets how far the interactions of the workflows were closed.
DELETE FROM closed_to
