-- Operations that were open when the backup was made, and certificates proven then, are not any more.
UPDATE main.operation SET state = 5 WHERE state IN (1, 2);
DELETE FROM main.candidate;
