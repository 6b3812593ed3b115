-- Whatever the logs say of each other: the clock has been later, ids were given, and what was under way then is not now.
INSERT INTO main.setting (key, value)
SELECT key, value FROM present.setting WHERE key = 'clock-floor'
ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value);
UPDATE main.sqlite_sequence AS b SET seq = p.seq FROM present.sqlite_sequence AS p WHERE p.name = b.name AND p.seq > b.seq;
INSERT INTO main.sqlite_sequence (name, seq)
SELECT name, seq FROM present.sqlite_sequence WHERE name NOT IN (SELECT name FROM main.sqlite_sequence);
