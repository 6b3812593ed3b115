-- name: profile_create
INSERT INTO profile (name, kind, uid, holder, blocked, block_reason, created, last_login)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
RETURNING id;

-- name: profile_by_name
SELECT id, name, kind, uid, holder, blocked, block_reason, created, last_login FROM profile WHERE name = ?1;

-- name: profile_by_uid
SELECT id, name, kind, uid, holder, blocked, block_reason, created, last_login FROM profile WHERE uid = ?1;

-- name: profile_by_id
SELECT id, name, kind, uid, holder, blocked, block_reason, created, last_login FROM profile WHERE id = ?1;

-- name: profile_list
SELECT id, name, kind, uid, holder, blocked, block_reason, created, last_login
  FROM profile
 WHERE name > ?1
 ORDER BY name
 LIMIT ?2;

-- name: profile_set_holder
UPDATE profile SET holder = ?2 WHERE id = ?1;

-- name: profile_set_block
UPDATE profile SET blocked = ?2, block_reason = ?3 WHERE id = ?1;

-- name: profile_set_last_login
UPDATE profile SET last_login = ?2 WHERE id = ?1;

-- Deletion: what names the profile, then itself, then certificate_sweep.
-- name: profile_delete_operations
DELETE FROM operation WHERE profile = ?1;

-- name: profile_delete_candidates
DELETE FROM candidate WHERE profile = ?1;

-- name: profile_delete_associations
DELETE FROM association WHERE profile = ?1;

-- name: profile_delete
DELETE FROM profile WHERE id = ?1;
