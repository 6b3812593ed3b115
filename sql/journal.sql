-- Run once the database is known to be sound. The checkpoint empties a log that a crash has left; the reading before it ends the
-- transaction that SQLite 3.40 leaves open when the mode changes after an integrity check (the checkpoint fails in it).
PRAGMA journal_mode = WAL;
SELECT count(*) FROM sqlite_schema;
PRAGMA wal_checkpoint(TRUNCATE);
