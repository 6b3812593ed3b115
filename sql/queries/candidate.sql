-- name: candidate_delete_same
DELETE FROM candidate WHERE profile = ?1 AND certificate = ?2;

-- name: candidate_create
INSERT INTO candidate (id, profile, certificate, proven, deadline, by_uid) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: candidate_get
SELECT k.id, k.profile, k.proven, k.deadline, k.by_uid,
       c.id, c.der, c.fingerprint, c.spki_hash, c.subject, c.issuer, c.serial, c.holder, c.not_before, c.not_after, c.chain
  FROM candidate AS k JOIN certificate AS c ON c.id = k.certificate
 WHERE k.id = ?1;

-- name: candidate_list
SELECT k.id, k.profile, k.proven, k.deadline, k.by_uid,
       c.id, c.der, c.fingerprint, c.spki_hash, c.subject, c.issuer, c.serial, c.holder, c.not_before, c.not_after, c.chain
  FROM candidate AS k JOIN certificate AS c ON c.id = k.certificate
 WHERE k.profile = ?1
 ORDER BY k.proven DESC, k.rowid DESC
 LIMIT ?2;

-- name: candidate_delete
DELETE FROM candidate WHERE id = ?1;

-- name: candidate_expire
DELETE FROM candidate WHERE deadline <= ?1;
