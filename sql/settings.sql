-- Every row must say "ok": a pragma that did not take is silent otherwise.
SELECT CASE foreign_keys WHEN 1 THEN 'ok' ELSE 'foreign keys are not enforced' END FROM pragma_foreign_keys;
SELECT CASE journal_mode WHEN 'wal' THEN 'ok' ELSE 'there is no write-ahead log' END FROM pragma_journal_mode;
SELECT CASE synchronous WHEN 2 THEN 'ok' ELSE 'commits are not durable' END FROM pragma_synchronous;
SELECT CASE secure_delete WHEN 1 THEN 'ok' ELSE 'deleted data is not overwritten' END FROM pragma_secure_delete;
SELECT CASE trusted_schema WHEN 0 THEN 'ok' ELSE 'the schema is trusted' END FROM pragma_trusted_schema;
SELECT CASE cell_size_check WHEN 1 THEN 'ok' ELSE 'cells are not checked' END FROM pragma_cell_size_check;
