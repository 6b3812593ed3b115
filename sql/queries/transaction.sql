-- Units of work: one transaction that requests share, a savepoint for each (store.h).

-- name: transaction_begin
BEGIN IMMEDIATE;

-- name: transaction_commit
COMMIT;

-- name: transaction_rollback
ROLLBACK;

-- name: request_begin
SAVEPOINT request;

-- name: request_keep
RELEASE request;

-- name: request_undo
ROLLBACK TO request;
