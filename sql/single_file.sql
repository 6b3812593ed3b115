-- Run before a copy is closed for good: without a log beside it, it is the one file. A row that does not say "delete" is a failure.
PRAGMA wal_checkpoint(TRUNCATE);
PRAGMA journal_mode = DELETE;
