-- The log goes on from where the backup's ends, with the anchors that its rows add up to; the names in it are those that are still there.
INSERT INTO main.audit (seq, time, event, actor, outcome, detail, profile_commitment, subject_commitment, hash)
SELECT seq, time, event, actor, outcome, detail, profile_commitment, subject_commitment, hash
  FROM present.audit
 WHERE seq > (SELECT coalesce(max(seq), 0) FROM main.audit);
INSERT INTO main.audit_person (seq, field, name, salt)
SELECT seq, field, name, salt
  FROM present.audit_person AS p
 WHERE NOT EXISTS (SELECT 1 FROM main.audit_person AS m WHERE m.seq = p.seq AND m.field = p.field);
INSERT INTO main.setting (key, value)
SELECT key, value FROM present.setting WHERE key = 'anchors'
ON CONFLICT (key) DO UPDATE SET value = excluded.value;
