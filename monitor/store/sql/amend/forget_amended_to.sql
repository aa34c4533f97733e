-- Forgets how far the streams were looked through for what amends.
DELETE FROM amended_to
