-- Every row must say "ok", else it is the problem. The whole file quickly; the tables that decide a login with their indexes, so that
-- opening does not grow with the length of the log more than it has to. Runs before the migrations: only tables of the first one.
PRAGMA quick_check(1);
PRAGMA integrity_check(profile);
PRAGMA integrity_check(certificate);
PRAGMA integrity_check(association);
PRAGMA integrity_check(candidate);
PRAGMA integrity_check(operation);
PRAGMA integrity_check(barred);
PRAGMA integrity_check(setting);
PRAGMA foreign_key_check;
