-- After an erasure: secure_delete zeroes deleted cells but not the copies that moving cells between pages has left in unused space, so
-- the file is written anew. The mark is part of the erasing transaction and makes a crash in between come back to it at the next open.

-- name: scrub_mark
INSERT INTO setting (key, value) VALUES ('store.scrub', x'') ON CONFLICT (key) DO NOTHING;

-- name: scrub_due
SELECT 1 FROM setting WHERE key = 'store.scrub';

-- name: scrub_rewrite
VACUUM;

-- One row: whether somebody kept the log from being emptied.
-- name: scrub_empty_log
PRAGMA wal_checkpoint(TRUNCATE);

-- name: scrub_done
DELETE FROM setting WHERE key = 'store.scrub';
