-- name: audit_head
SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1;

-- name: audit_add
INSERT INTO audit (seq, time, event, actor, outcome, detail, profile_commitment, subject_commitment, hash)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9);

-- name: audit_add_person
INSERT INTO audit_person (seq, field, name, salt) VALUES (?1, ?2, ?3, ?4);

-- name: audit_list
SELECT a.seq, a.time, a.event, a.actor, a.outcome, a.detail, p.name, s.name, a.hash
  FROM audit AS a
  LEFT JOIN audit_person AS p ON p.seq = a.seq AND p.field = 1
  LEFT JOIN audit_person AS s ON s.seq = a.seq AND s.field = 2
 WHERE a.seq > ?1
 ORDER BY a.seq
 LIMIT ?2;

-- name: audit_list_profile
SELECT a.seq, a.time, a.event, a.actor, a.outcome, a.detail, p.name, s.name, a.hash
  FROM audit_person AS p
  JOIN audit AS a ON a.seq = p.seq
  LEFT JOIN audit_person AS s ON s.seq = p.seq AND s.field = 2
 WHERE p.field = 1 AND p.name = ?3 AND p.seq > ?1
 ORDER BY p.seq
 LIMIT ?2;

-- name: audit_hash
SELECT hash FROM audit WHERE seq = ?1;

-- name: audit_verify
SELECT a.seq, a.time, a.event, a.actor, a.outcome, a.detail, p.name, s.name, a.hash,
       a.profile_commitment, a.subject_commitment, p.salt, s.salt
  FROM audit AS a
  LEFT JOIN audit_person AS p ON p.seq = a.seq AND p.field = 1
  LEFT JOIN audit_person AS s ON s.seq = a.seq AND s.field = 2
 WHERE a.seq > ?1
 ORDER BY a.seq
 LIMIT ?2;

-- The subjects of certificates that are or were the profile's and nobody else's, in whatever row they stand: a refused try under another
-- name tells who it was, too.
-- name: audit_erase_subjects
DELETE FROM audit_person
 WHERE field = 2
   AND name IN (SELECT c.subject
                  FROM profile AS p
                  JOIN association AS a ON a.profile = p.id
                  JOIN certificate AS c ON c.id = a.certificate
                 WHERE p.name = ?1
                   AND NOT EXISTS (SELECT 1 FROM association AS o WHERE o.certificate = c.id AND o.profile <> p.id));

-- name: audit_erase_profile
DELETE FROM audit_person WHERE seq IN (SELECT seq FROM audit_person WHERE field = 1 AND name = ?1);
