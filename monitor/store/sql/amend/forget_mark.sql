-- Forgets how far a stream was looked through.
DELETE FROM amended_to WHERE stream = $stream
