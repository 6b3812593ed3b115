-- One row: a profile of the backup whose person was erased since: a row of the log that both have named them, and names nobody now.
SELECT DISTINCT b.id
  FROM main.profile AS b
  JOIN main.audit_person AS bp ON bp.field = 1 AND bp.name = b.name
  JOIN main.audit AS ba ON ba.seq = bp.seq
  JOIN present.audit AS pa ON pa.seq = ba.seq AND pa.hash = ba.hash
 WHERE NOT EXISTS (SELECT 1 FROM present.audit_person AS pp WHERE pp.seq = bp.seq AND pp.field = 1);
