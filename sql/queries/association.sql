-- name: association_active
SELECT a.id, a.profile, a.since, a.by_uid, a.proven,
       c.id, c.der, c.fingerprint, c.spki_hash, c.subject, c.issuer, c.serial, c.holder, c.not_before, c.not_after, c.chain
  FROM association AS a JOIN certificate AS c ON c.id = a.certificate
 WHERE a.profile = ?1 AND a.ended IS NULL;

-- name: association_by_fingerprint
SELECT a.id, a.profile, a.since, a.by_uid, a.proven,
       c.id, c.der, c.fingerprint, c.spki_hash, c.subject, c.issuer, c.serial, c.holder, c.not_before, c.not_after, c.chain
  FROM certificate AS c JOIN association AS a ON a.certificate = c.id
 WHERE c.fingerprint = ?1 AND a.ended IS NULL;

-- name: association_create
INSERT INTO association (profile, certificate, since, by_uid, proven) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id;

-- name: association_end
UPDATE association SET ended = ?2, ended_by = ?3, ended_why = ?4 WHERE id = ?1 AND ended IS NULL;
