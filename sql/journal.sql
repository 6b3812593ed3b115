-- Run once the database is known to be sound. The checkpoint empties a log that a crash has left.
PRAGMA journal_mode = WAL;
PRAGMA wal_checkpoint(TRUNCATE);
