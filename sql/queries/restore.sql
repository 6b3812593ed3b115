-- The database that a backup is to replace, beside the backup: the scripts restore_*.sql read it as "present".

-- name: restore_attach
ATTACH ?1 AS present;

-- name: restore_detach
DETACH present;
