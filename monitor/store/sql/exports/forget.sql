-- Deletes what is written of one file.
DELETE FROM exports_raw WHERE file = $file
