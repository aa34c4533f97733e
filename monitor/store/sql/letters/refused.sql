-- Writes why a dead letter could not be read this time.
UPDATE dead_letters_raw SET class = $kind, reason = $reason WHERE id = $id
