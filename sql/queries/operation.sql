-- name: operation_create
INSERT INTO operation (id, profile, kind, state, until_assign, opener, opened, deadline) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: operation_get
SELECT id, profile, kind, state, until_assign, opener, opened, deadline FROM operation WHERE id = ?1;

-- name: operation_list_open
SELECT id, profile, kind, state, until_assign, opener, opened, deadline
  FROM operation
 WHERE profile = ?1 AND state IN (1, 2)
 ORDER BY kind
 LIMIT ?2;

-- name: operation_list_due
SELECT id, profile, kind, state, until_assign, opener, opened, deadline
  FROM operation
 WHERE deadline <= ?1 AND state IN (1, 2)
 ORDER BY deadline
 LIMIT ?2;

-- name: operation_set
UPDATE operation SET state = ?2, deadline = ?3 WHERE id = ?1;
