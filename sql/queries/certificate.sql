-- Known by its fingerprint already: what newer code reads from the same octets, and the chain, replace the old.
-- name: certificate_put
INSERT INTO certificate (der, fingerprint, spki_hash, subject, issuer, serial, holder, not_before, not_after, chain)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (fingerprint) DO UPDATE
   SET spki_hash = excluded.spki_hash, subject = excluded.subject, issuer = excluded.issuer, serial = excluded.serial,
       holder = excluded.holder, not_before = excluded.not_before, not_after = excluded.not_after, chain = excluded.chain
RETURNING id;

-- Certificates that nothing names any more, now or as history.
-- name: certificate_sweep
DELETE FROM certificate
 WHERE NOT EXISTS (SELECT 1 FROM association AS a WHERE a.certificate = certificate.id)
   AND NOT EXISTS (SELECT 1 FROM candidate AS k WHERE k.certificate = certificate.id);

-- name: barred_get
SELECT 1 FROM barred WHERE fingerprint = ?1;

-- Barred twice: the first reason stays.
-- name: barred_put
INSERT INTO barred (fingerprint, since, by_uid, why) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (fingerprint) DO NOTHING;

-- name: barred_delete
DELETE FROM barred WHERE fingerprint = ?1;
