-- Run on every connection before the first look at the database; changes nothing in the file.
PRAGMA busy_timeout = 500; -- somebody's sqlite3 shell: wait a little, never for long
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA temp_store = MEMORY; -- no names in temporary files
PRAGMA mmap_size = 0; -- a read error is an error, not a SIGBUS
PRAGMA secure_delete = ON;
PRAGMA synchronous = FULL;
