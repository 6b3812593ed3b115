-- What has been forbidden since the backup stays forbidden. Rows are words for the report, one for each change. Profiles are the same by
-- name and user id, certificates by fingerprint: numbers may differ. A new table of such things belongs here.

-- Names that were erased since, wherever they stand in the backup's log.
DELETE FROM main.audit_person
 WHERE EXISTS (SELECT 1
                 FROM main.audit AS ba JOIN present.audit AS pa ON pa.seq = ba.seq AND pa.hash = ba.hash
                WHERE ba.seq = audit_person.seq)
   AND NOT EXISTS (SELECT 1 FROM present.audit_person AS pp WHERE pp.seq = audit_person.seq AND pp.field = audit_person.field);

UPDATE main.profile AS b
   SET blocked = 1, block_reason = p.block_reason
  FROM present.profile AS p
 WHERE p.name = b.name AND p.kind = b.kind AND p.uid IS b.uid AND p.blocked = 1 AND b.blocked = 0
RETURNING 'block';

-- Whom the profile's certificates have to belong to is an administrator's later word, or was learned since.
UPDATE main.profile AS b
   SET holder = p.holder
  FROM present.profile AS p
 WHERE p.name = b.name AND p.kind = b.kind AND p.uid IS b.uid AND p.holder <> '' AND p.holder <> b.holder
RETURNING 'holder';

UPDATE main.association AS b
   SET ended = e.ended, ended_by = e.ended_by, ended_why = e.ended_why
  FROM (SELECT bp.id AS profile, bc.id AS certificate, max(pa.ended) AS ended, pa.ended_by, pa.ended_why
          FROM present.association AS pa
          JOIN present.profile AS pp ON pp.id = pa.profile
          JOIN present.certificate AS pc ON pc.id = pa.certificate
          JOIN main.profile AS bp ON bp.name = pp.name AND bp.kind = pp.kind AND bp.uid IS pp.uid
          JOIN main.certificate AS bc ON bc.fingerprint = pc.fingerprint
         WHERE pa.ended IS NOT NULL
           AND NOT EXISTS (SELECT 1
                             FROM present.association AS o
                            WHERE o.profile = pa.profile AND o.certificate = pa.certificate AND o.ended IS NULL)
         GROUP BY bp.id, bc.id) AS e
 WHERE b.profile = e.profile AND b.certificate = e.certificate AND b.ended IS NULL
RETURNING 'ending';

INSERT INTO main.barred (fingerprint, since, by_uid, why)
SELECT fingerprint, since, by_uid, why FROM present.barred WHERE true
ON CONFLICT (fingerprint) DO NOTHING
RETURNING 'bar';
