-- One skip: what became of it.
SELECT answer, from_offset, to_offset, lost FROM skips WHERE id = $id
