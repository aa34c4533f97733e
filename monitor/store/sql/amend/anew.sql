-- Lets every stream be looked through again for what amends.
DELETE FROM amended_to
