-- Every row must say "ok", else it is the problem. All of the file, every table and index, for whoever asks for it: it takes the longer the
-- longer the log is, and runs on a connection that reads alone.
PRAGMA integrity_check(1);
PRAGMA foreign_key_check;
